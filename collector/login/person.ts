/** Whom an issuer's claims make of somebody. */
import { printable } from '../../shared/text.ts';
import type { Refused } from '../identity/authenticator.ts';
import { PERSON_ROLES, type Person, type PersonRole } from '../identity/caller.ts';

export type PersonClaims = Readonly<Record<string, unknown>>;

export interface ClaimSettings {
  groupsClaim: string;
  nameClaim?: string | undefined;
  /** Groups by what they make of their members. */
  roles: Record<PersonRole, readonly string[]>;
}

const MAX_NAME = 200;
/** As long as OpenID Connect lets it be. */
const MAX_SUB = 255;
/** Truant's own deeds bear the one, those of nobody in particular the other. */
const RESERVED = new Set(['truant', 'anybody']);

export function personOf(claims: PersonClaims, settings: ClaimSettings): Person | Refused {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '') return { refused: 'login-wrong', detail: 'The id token has no sub.' };
  // Cut, it could be somebody else's.
  if (sub.length > MAX_SUB) return { refused: 'login-wrong', detail: 'The id token has a sub that is too long.' };
  const name = plain(nameIn(claims, settings) ?? sub);
  const shown = printable((RESERVED.has(name.toLowerCase()) ? `sub ${sub}` : name).slice(0, MAX_NAME));
  const groups = new Set(groupsIn(claims, settings));
  const role = PERSON_ROLES.toReversed().find((one) => settings.roles[one].some((group) => groups.has(group)));
  if (role) return { role, id: `sub ${sub}`, name: shown };
  const detail = `${shown} is in none of the groups that collector.auth.oidc.roles names, by the claim ${settings.groupsClaim}.`;
  return { refused: 'no-role', detail, proven: true };
}

/** As it looks: spaces at its ends and wide letters would make two names of what people read as one. */
const plain = (name: string): string => name.normalize('NFKC').trim().replace(/\s+/g, ' ');

/** Whether nothing is missing that more claims could have. */
export const claimsSuffice = (claims: PersonClaims, settings: ClaimSettings): boolean =>
  claims[settings.groupsClaim] !== undefined && nameIn(claims, settings) !== undefined;

function nameIn(claims: PersonClaims, { nameClaim }: ClaimSettings): string | undefined {
  const email = claims['email_verified'] === false ? undefined : claims['email'];
  const names = nameClaim === undefined ? [claims['preferred_username'], email] : [claims[nameClaim]];
  return names.find((name): name is string => typeof name === 'string' && name.trim() !== '');
}

function groupsIn(claims: PersonClaims, { groupsClaim }: ClaimSettings): string[] {
  return [claims[groupsClaim]].flat().filter((group) => typeof group === 'string');
}
