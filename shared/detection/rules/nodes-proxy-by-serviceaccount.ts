import { describe } from '../deeds.ts';
import { defineRule, keys } from '../rule.ts';

/** Paths of the kubelet's API that run commands or read a container's screen. */
const RUNS = /\/proxy\/(run|exec|attach|portForward|cri)\b/i;

export default defineRule({
  id: 'nodes-proxy-by-serviceaccount',
  title: 'ServiceAccount talks to a kubelet through the API server',
  severity: 'info',
  scope: 'cluster',
  attack: ['T1609', 'T1613'],
  observes: ['use'],
  needs: 'Metadata level for nodes/proxy.',
  why: "nodes/proxy is the kubelet's whole API: it runs commands in every pod of the node, past admission and past the audit of pods/exec.",
  falsePositives: ['Monitoring that scrapes kubelets through the proxy: said as information only.'],
  blindSpots: ["The kubelet's own port: only its reviews show in the log, without a name."],
  triage: ['Take nodes/proxy from the account; monitoring needs nodes/metrics only.'],
  evaluate(use, { placement }) {
    const { resource, subresource, uri } = use.request;
    if (resource !== 'nodes' || subresource !== 'proxy') return undefined;
    const away = placement?.verdict === 'away';
    const runs = RUNS.test(uri);
    return {
      severity: away || runs ? 'high' : 'info',
      confidence: away ? placement.confidence : runs ? 'medium' : 'low',
      confidenceWhy: away ? placement.sentence : runs ? 'The path runs a command.' : 'It was not seen away from home.',
      summary: `${use.principal} used nodes/proxy: ${describe(use.request)}.`,
      ...(away || runs ? {} : { keys: [keys.hygiene('nodes-proxy-by-serviceaccount', use.principal)] }),
    };
  },
});
