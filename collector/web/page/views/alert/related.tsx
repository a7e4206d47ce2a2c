/** Other alerts that have something in common with this one. */
import { Link } from 'wouter-preact';
import type { z } from 'zod';
import type { AlertAnswer, RelatedAnswer } from '../../../../query/schemas/alerts.ts';
import { useResource } from '../../api/resource.ts';
import { alertPath } from '../../parts/address.ts';
import { SeverityBadge, StatusBadge } from '../../parts/badges.tsx';
import { Awaited } from '../../parts/states.tsx';
import { accountName, Said } from '../../parts/text.tsx';
import { Time } from '../../parts/time.tsx';

type Because = z.infer<typeof RelatedAnswer>['items'][number]['because'][number];

const BECAUSE: Readonly<Record<Because, string>> = {
  source: 'same source address',
  principal: 'same principal',
  credential: 'same credential',
  node: 'same node',
};

export function RelatedCard({ alert }: { alert: AlertAnswer }) {
  const related = useResource<z.infer<typeof RelatedAnswer>>(`/api/v1/alerts/${encodeURIComponent(alert.id)}/related`, {
    cluster: alert.cluster,
  });
  return (
    <section class="card" aria-labelledby="related-title">
      <h2 id="related-title">Related alerts</h2>
      <Awaited resource={related} what="related alerts">
        {({ items }) =>
          items.length === 0 ? (
            <p class="soft">No other alert has its source address, principal, credential or node.</p>
          ) : (
            <ul class="plain related">
              {items.map(({ alert: other, because }) => (
                <li key={`${other.cluster} ${other.id}`}>
                  <SeverityBadge severity={other.severity} /> <StatusBadge status={other.status} />{' '}
                  <Link href={alertPath(other)}>
                    <Said text={other.title} />
                  </Link>
                  <small>
                    {accountName(other.principal)}, <Time at={other.lastSeen} as="ago" />;{' '}
                    {because.map((what) => BECAUSE[what]).join(', ')}
                  </small>
                </li>
              ))}
            </ul>
          )
        }
      </Awaited>
    </section>
  );
}
