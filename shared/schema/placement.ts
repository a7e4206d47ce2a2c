import { z } from 'zod';

/** Where an `away` use came from. */
export const AwayWhere = z.enum(['internet', 'outside-cluster', 'other-node', 'other-pod', 'host']);
export type AwayWhere = z.infer<typeof AwayWhere>;

export const Confidence = z.enum(['low', 'medium', 'high']);
export type Confidence = z.infer<typeof Confidence>;

/** Why a use was placed where it was: the closed list, machine readable. */
export const PlacementReason = z.enum([
  // home
  'pod-address',
  'node-of-host-network-pod',
  'node-of-node-bound-credential',
  'issuer-address',
  'control-plane',
  'learned-home',
  'known-legacy-source',
  // away
  'another-pods-address',
  'another-nodes-address',
  'own-node-not-pod',
  'outside-cluster-networks',
  'not-issuer-address',
  'issued-to-thief',
  'new-legacy-source',
  'not-learned-home',
  // unclear
  'deciding',
  'node-address-nat-or-host',
  'address-unknown',
  'pod-unknown',
  'pod-gone',
  'no-inventory',
  'no-history',
  'issuer-unknown',
  'credential-unnamed',
  'no-address',
  'behind-proxy',
  'loopback',
]);
export type PlacementReason = z.infer<typeof PlacementReason>;

/**
 * The verdict on one use. Never a guess: what can't be told is `unclear`, which is neither clean nor, by itself, an alert.
 */
export const Placement = z.discriminatedUnion('verdict', [
  z.strictObject({ verdict: z.literal('home'), reason: PlacementReason, confidence: Confidence, sentence: z.string() }),
  z.strictObject({
    verdict: z.literal('away'),
    where: AwayWhere,
    reason: PlacementReason,
    confidence: Confidence,
    sentence: z.string(),
  }),
  z.strictObject({
    verdict: z.literal('unclear'),
    reason: PlacementReason,
    confidence: Confidence,
    sentence: z.string(),
  }),
]);
export type Placement = z.infer<typeof Placement>;
