/** A process of its own (`--expose-gc`): prints how many bytes a full ledger and a full inventory take, as JSON. */
import { ClusterInventory } from '../../../shared/inventory/cluster-inventory.ts';
import { Ledger } from '../../../shared/inventory/ledger.ts';
import type { TokenIssue, TokenUse } from '../../../shared/schema/observation.ts';
import { at, issue, PODS, use } from '../world.ts';

const PODS_ALIVE = 10_000;
const CREDENTIALS = 250_000;

/** As it comes out of a parser: no string is shared with another. */
const fresh = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const uuid = (i: number): string => `6ed50082-f374-4800-b1d8-${i.toString(16).padStart(12, '0')}`;
const address = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

const templateUse = use(0, 'cart-1');
const templateIssue = issue(0, 'system:node:node-a', 'cart', 'JTI=x', { from: PODS.agent.address });

function useOf(i: number, from: string): TokenUse {
  const pod = { namespace: 'shop', name: `inventory-685745856c-${i % PODS_ALIVE}`, uid: uuid(i % PODS_ALIVE) };
  return fresh({
    ...templateUse,
    time: at(i),
    principal: `system:serviceaccount:shop:account-${i % 500}`,
    credential: { id: `JTI=${uuid(i)}`, kind: 'projected' as const },
    binding: { pod, node: { name: `node-${i % 100}`, uid: uuid(i % 100) } },
    source: { address: from, claimed: [], claimedTotal: 0 },
  });
}

const issueOf = (i: number): TokenIssue =>
  fresh({ ...templateIssue, id: i.toString(16).padStart(32, '0'), time: at(i), issued: `JTI=${uuid(i)}` });

/** After everything that is not held any more has gone. */
function heap(): number {
  global.gc?.();
  return process.memoryUsage().heapUsed;
}

const before = heap();
const ledger = new Ledger();
const inventory = new ClusterInventory({ mode: 'live' });
for (let i = 0; i < PODS_ALIVE; i += 1) {
  const pod = {
    uid: uuid(i),
    namespace: 'shop',
    name: `inventory-685745856c-${i}`,
    node: `node-${i % 100}`,
    addresses: [address(i)],
    hostNetwork: false,
    ended: false,
  };
  inventory.apply({ type: 'pod-upsert', time: at(0), pod: fresh(pod), initial: false });
}
for (let i = 0; i < CREDENTIALS; i += 1) {
  ledger.issue(issueOf(i), true);
  ledger.use(useOf(i, address(i % PODS_ALIVE)));
  if (i % 10 === 0) ledger.use(useOf(i, '10.10.0.66'));
}
const bytes = heap() - before;
process.stdout.write(JSON.stringify({ bytes, size: ledger.size, evicted: ledger.evicted, pods: inventory.stats.pods }));
