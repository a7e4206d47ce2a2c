/** What can go wrong at the issuer, without any part of a code or a token. */
import { AuthorizationResponseError, ResponseBodyError } from 'openid-client';
import { TruantError } from '../../shared/errors.ts';
import type { Refused } from '../identity/authenticator.ts';

export const unavailable = (why: string): TruantError =>
  new TruantError('IDENTITY_UNAVAILABLE', "The issuer can't be asked at the moment.", { cause: new Error(why) });

/** The library wraps what its requests fail with. */
export function unavailableIn(error: unknown): TruantError | undefined {
  if (error instanceof TruantError) return error;
  return error instanceof Error && error.cause !== undefined ? unavailableIn(error.cause) : undefined;
}

/** Of the registered errors, none is longer. Descriptions are anybody's text: they are left out. */
const ERROR = /^[\w.-]{1,64}$/;

export function whyItIsWrong(error: unknown): Refused {
  if (error instanceof AuthorizationResponseError) {
    return { refused: 'login-refused', detail: `The issuer has refused it: ${codeOf(error.error)}.` };
  }
  if (error instanceof ResponseBodyError) {
    return { refused: 'login-wrong', detail: `The issuer does not take the code: ${codeOf(error.error)}.` };
  }
  // The library's messages are its own words; what they are about is in their cause.
  return {
    refused: 'login-wrong',
    detail: `What came back is not right: ${error instanceof Error ? error.message : ''}.`,
  };
}

const codeOf = (error: string): string => (ERROR.test(error) ? error : 'for another reason');
