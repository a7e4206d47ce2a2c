/**
 * An event of the API server's audit log (audit.k8s.io/v1 Event), as far as Truant reads it. Lenient: it belongs to
 * Kubernetes, so unknown fields pass by, and only what no event lacks is required. Items of a webhook's EventList carry no
 * kind or apiVersion of their own, so those aren't asked for.
 */
import { z } from 'zod';

const extra = z.record(z.string(), z.array(z.string()));

export const AuditEvent = z.object({
  auditID: z.string(),
  stage: z.string(),
  requestURI: z.string(),
  verb: z.string(),
  user: z.object({
    username: z.string().optional(),
    uid: z.string().optional(),
    extra: extra.nullish(),
  }),
  impersonatedUser: z.object({ username: z.string().optional() }).nullish(),
  sourceIPs: z.array(z.string()).nullish(),
  userAgent: z.string().optional(),
  objectRef: z
    .object({
      resource: z.string().optional(),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
      apiGroup: z.string().optional(),
    })
    .nullish(),
  responseStatus: z.object({ code: z.number().int().optional() }).nullish(),
  requestObject: z.unknown().optional(),
  requestReceivedTimestamp: z.string(),
  stageTimestamp: z.string(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

/** The part of a TokenRequest's body that says what is asked for; in the log only from audit level Request on. */
export const TokenRequestBody = z.object({
  spec: z.object({
    audiences: z.array(z.string()).nullish(),
    expirationSeconds: z.number().nullish(),
    boundObjectRef: z.object({ kind: z.string(), name: z.string(), uid: z.string().optional() }).nullish(),
  }),
});
