/** Every refusal as RFC 9457 problem details: what is wrong, with which parameter, and what would be right. */
import type { FastifyReply } from 'fastify';
import { type ErrorCode, TruantError } from '../../shared/errors.ts';

export interface ParameterProblem {
  name: string;
  /** What would be right, as a sentence. */
  problem: string;
}

export interface ProblemOptions {
  status: number;
  detail: string;
  parameters?: ParameterProblem[];
  /** Seconds after which trying again makes sense. */
  retryAfter?: number;
  headers?: Record<string, string>;
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Thrown by handlers and hooks; the server's error handler answers with it. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly options: ProblemOptions;

  constructor(options: ProblemOptions) {
    super(options.detail);
    this.options = options;
  }
}

export async function sendProblem(reply: FastifyReply, options: ProblemOptions): Promise<void> {
  const { status, retryAfter, headers } = options;
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  for (const [name, value] of Object.entries(headers ?? {})) reply.header(name, value);
  await reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(titled(options)));
}

/** The body of an answer. */
export function titled({ status, detail, parameters }: ProblemOptions): object {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, parameters };
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  REQUEST_INVALID: 400,
  NOT_FOUND: 404,
  CONFLICT: 409,
  OVERLOADED: 429,
  LIMIT_REACHED: 429,
  STORE_UNAVAILABLE: 503,
  IDENTITY_UNAVAILABLE: 503,
};
const RETRY_AFTER_SECONDS = 2;

/** What an error means to whoever asked. What is nobody's business outside stays in the log. */
export function problemOf(error: unknown): ProblemOptions {
  if (error instanceof Problem) return error.options;
  if (error instanceof TruantError) {
    const status = STATUS[error.code];
    const detail = [error.message, error.remedy].filter(Boolean).join(' ');
    if (status === 429 || status === 503) return { status, detail, retryAfter: RETRY_AFTER_SECONDS };
    if (status !== undefined) return { status, detail };
  }
  const status = statusOf(error);
  if (status !== undefined && error instanceof Error) return { status, detail: error.message };
  return { status: 500, detail: 'Something went wrong in the collector; its log says what.' };
}

/** Of fastify's own refusals (a body too large, a bad URL): those speak about the request alone. */
function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  const { statusCode } = error;
  return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? statusCode : undefined;
}
