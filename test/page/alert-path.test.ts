import { expect, test } from 'vitest';
import { type Path, pathOf } from '../../collector/web/page/views/alert/path.ts';
import type { Alert } from '../../shared/schema/alert.ts';
import { CREDENTIAL, evidence, finding, read, THIEF, theft, use } from './support/theft.ts';

const MINTED = 'JTI=99999999-0000-4000-8000-000000000002';
const did = (...actions: [action: string, namespace: string, count: number, refused: number][]): Alert['did'] => ({
  requests: 0,
  refused: 0,
  actions: actions.map(([action, namespace, count, refused]) => ({ action, namespace, count, refused })),
  namespaces: [],
  userAgents: [],
});

/** Each link by the titles of its ends. */
function linked({ stages, links }: Path): string[] {
  const titles = new Map(stages.flatMap(({ nodes }) => nodes.map(({ id, title }) => [id, title])));
  return links.map(({ from, to }) => `${titles.get(from)} > ${titles.get(to)}`);
}

const CASES: { name: string; alert: Alert; links: string[] }[] = [
  {
    name: 'read by a process, used by the thief',
    alert: theft({ evidence: [read(), use()], did: did(['list pods', 'shop', 3, 0]) }),
    links: [
      'shop/cart-0 > shop/cart',
      'shop/cart > cat (pid 4711)',
      `cat (pid 4711) > ${THIEF}`,
      `${THIEF} > pods in shop`,
    ],
  },
  {
    name: 'nobody was seen to take it',
    alert: theft({ evidence: [use()] }),
    links: ['shop/cart-0 > shop/cart', 'shop/cart > Nobody was seen', `Nobody was seen > ${THIEF}`],
  },
  {
    name: 'the evidence of its uses was not kept',
    alert: theft({ evidence: [read()] }),
    links: ['shop/cart-0 > shop/cart', 'shop/cart > cat (pid 4711)', `cat (pid 4711) > ${THIEF}`],
  },
  {
    name: 'read, and not used',
    alert: theft({ evidence: [read()], sources: [] }),
    links: ['shop/cart-0 > shop/cart', 'shop/cart > cat (pid 4711)', 'cat (pid 4711) > No use away'],
  },
  {
    name: 'neither taken nor used away',
    alert: theft({ evidence: [], sources: [] }),
    links: ['shop/cart-0 > shop/cart', 'shop/cart > No use away'],
  },
  {
    name: 'one token taken by nobody that was seen, with which another was minted',
    alert: theft({
      evidence: [
        use(),
        evidence({
          kind: 'issue',
          credential: MINTED,
          principal: 'system:serviceaccount:shop:admin',
          what: `system:serviceaccount:shop:cart asked for a token of system:serviceaccount:shop:admin and got ${MINTED}`,
        }),
        use({ credential: MINTED }),
      ],
    }),
    links: [
      'shop/cart-0 > shop/cart',
      'shop/admin > shop/admin',
      'shop/cart > Nobody was seen',
      'shop/admin > shop/cart',
      `Nobody was seen > ${THIEF}`,
      `shop/cart > ${THIEF}`,
    ],
  },
  {
    name: 'somebody went into its pod',
    alert: theft({
      evidence: [evidence({ kind: 'entry', what: 'jo ran in shop/cart-0: cat token', source: '192.0.2.1' }), use()],
    }),
    links: ['shop/cart-0 > shop/cart', 'shop/cart > jo', `jo > ${THIEF}`],
  },
];

test.each(CASES)('$name', ({ alert, links }) => {
  expect(linked(pathOf(alert)).sort()).toEqual([...links].sort());
});

test('of each stage only the first are drawn, and the others counted', () => {
  const many = Array.from({ length: 9 }, (_, index) => ({
    address: `203.0.113.${index}`,
    where: 'internet',
    count: 1,
  }));
  const path = pathOf(theft({ sources: many }));
  const stage = path.stages.find(({ name }) => name === 'Used from');
  expect(stage?.nodes).toHaveLength(4);
  expect(stage?.left).toBe(5);
});

test('every line has both its ends in the drawing', () => {
  const alert = theft({
    evidence: [read(), ...Array.from({ length: 20 }, (_, index) => use({ credential: `JTI=${index}` }))],
    sources: Array.from({ length: 20 }, (_, index) => ({ address: `10.0.0.${index}`, where: 'host', count: 1 })),
    did: did(
      ...Array.from({ length: 20 }, (_, index): [string, string, number, number] => [`get r${index}`, '', 1, 0]),
    ),
  });
  const path = pathOf(alert, 2);
  expect(linked(path).filter((link) => link.includes('undefined'))).toEqual([]);
});

test('a token is issued to whom its findings say, where the alert does not', () => {
  const pod = { namespace: 'ops', name: 'bot-1', uid: 'uid-1' };
  const alert = theft({
    evidence: [use({ credential: MINTED })],
    findings: [
      finding({ credential: { id: MINTED, kind: 'projected' }, binding: {} }),
      finding({ credential: { id: MINTED, kind: 'projected' }, binding: { pod } }),
    ],
  });
  expect(pathOf(alert).stages[0]?.nodes.map(({ title }) => title)).toEqual(['shop/cart-0', 'ops/bot-1']);
});

test.each([
  [
    { credential: 'secret:shop/old', credentialKind: 'legacy', binding: {} },
    'shop/old',
    'Secret: its token never expires',
  ],
  [{ credential: CREDENTIAL, credentialKind: 'minted', binding: {} }, 'shop/cart', 'account; bound to no pod'],
  [{ binding: { node: { name: 'node-a' } } }, 'node-a', 'node'],
])('without a pod, %o is issued to %s (%s)', (changes, title, detail) => {
  expect(pathOf(theft(changes)).stages[0]?.nodes[0]).toMatchObject({ title, detail });
});
