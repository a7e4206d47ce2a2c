/** Who is asking, as the collector sees it. */
import { signal } from '@preact/signals';
import type { MeAnswer } from '../../../query/schemas/identity.ts';
import { ApiProblem, get, remove, useToken, whenStranger } from './client.ts';

type Me =
  | { state: 'loading' }
  | { state: 'known'; who: MeAnswer }
  | { state: 'stranger' }
  | { state: 'failed'; problem: ApiProblem };

export const me = signal<Me>({ state: 'loading' });

whenStranger(() => {
  useToken(null);
  me.value = { state: 'stranger' };
});

export async function learnWhoIAm(): Promise<void> {
  try {
    const who = await get<MeAnswer>('/api/v1/me');
    useToken(who.csrf);
    me.value = { state: 'known', who };
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 401) return;
    me.value = { state: 'failed', problem: asProblem(error) };
  }
}

export async function logOut(): Promise<void> {
  const { goOn } = await remove<{ goOn: string | null }>('/api/v1/session');
  useToken(null);
  // The issuer is to forget them too.
  if (goOn !== null) location.assign(goOn);
  me.value = { state: 'stranger' };
}

/** Whether it makes sense to offer what changes something. */
export const mayAct = (): boolean => me.value.state === 'known' && me.value.who.may.act;

export const mayAdmin = (): boolean => me.value.state === 'known' && me.value.who.may.admin;

/** Under which name one acts; null: nobody is asked who they are. */
export const myName = (): string | null =>
  me.value.state === 'known' && me.value.who.by !== 'none' ? me.value.who.name : null;

export const asProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem(0, error instanceof Error ? error.message : String(error));

void learnWhoIAm();
