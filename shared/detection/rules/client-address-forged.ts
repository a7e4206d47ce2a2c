import { defineRule } from '../rule.ts';

export default defineRule({
  id: 'client-address-forged',
  title: 'Client claims the address of the pod whose token it uses',
  severity: 'high',
  scope: 'cluster',
  attack: ['T1550.001', 'T1036'],
  observes: ['use'],
  needs: 'Metadata level for requests by service accounts; pods and nodes of the inventory.',
  why: "X-Forwarded-For and X-Real-Ip are written by the client. One that claims the pod's address while its connection comes from elsewhere knows where the token belongs and hides that it is not there.",
  falsePositives: ['A proxy that forwards requests of pods and is not named in networks.trustedProxies.'],
  blindSpots: ['A client that claims some other address, or none: it is judged by its connection alone.'],
  triage: [
    'Treat it as deliberate: benign clients do not write these headers.',
    "If a proxy of your own sits at the connection's address, name it in networks.trustedProxies.",
  ],
  evaluate(use, { placement, memory }) {
    if (use.source.claimed.length === 0 || placement?.verdict !== 'away') return undefined;
    const pod = use.binding.pod && `pod:${use.binding.pod.uid}`;
    const learned = pod === undefined ? undefined : memory.learned.homeOf(pod);
    const home = use.whereabouts?.home?.addresses ?? (learned === undefined ? [] : [learned]);
    const claimed = use.source.claimed.find((address) => home.includes(address));
    if (claimed === undefined) return undefined;
    return {
      confidence: placement.confidence,
      confidenceWhy: `The connection came from ${use.source.address}; the client claims ${claimed}, which is where the token belongs.`,
      summary: `A client at ${use.source.address} using the token of ${use.principal} claims to be at ${claimed}.`,
    };
  },
});
