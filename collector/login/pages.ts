/** What browsers are shown on their way through logging in: plain HTML, in which nothing runs. */
import type { FastifyReply } from 'fastify';

const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * Leads on by a page of our own: of a redirect that began at the issuer, browsers know where it began, and send no cookie
 * with SameSite=Strict along.
 *
 * @param to a path of our own
 */
export function leadOn(reply: FastifyReply, to: string): FastifyReply {
  const head = `<meta http-equiv="refresh" content="0; url=${escaped(to)}">`;
  return send(reply, 200, 'Logged in', `<p>You are logged in. <a href="${escaped(to)}">Go on</a></p>`, head);
}

/** @param detail what is wrong, as a sentence */
export function sayNo(reply: FastifyReply, status: number, detail: string): FastifyReply {
  const links = '<p><a href="/auth/login">Try again</a> or <a href="/">go to the start</a>.</p>';
  return send(reply, status, 'Not logged in', `<h1>You are not logged in</h1><p>${escaped(detail)}</p>${links}`);
}

function send(reply: FastifyReply, status: number, title: string, body: string, head = ''): FastifyReply {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><meta name="viewport" content="width=device-width">${head}<title>${title} - Truant</title></head><body>${body}</body></html>`;
  return reply.code(status).header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(html);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? '');
