/** One theft, whole: what happened, how bad, how sure, and what now. */
import './alert.css';
import { useState } from 'preact/hooks';
import type { AlertAnswer } from '../../../../query/schemas/alerts.ts';
import { useResource } from '../../api/resource.ts';
import { usePathParts } from '../../parts/address.ts';
import { Awaited } from '../../parts/states.tsx';
import { accountName } from '../../parts/text.tsx';
import { useTitle } from '../../parts/title.ts';
import { Activity } from './activity.tsx';
import { DeedsCard } from './deeds.tsx';
import { EvidenceCard } from './evidence.tsx';
import { FindingsCard } from './findings.tsx';
import { Headline } from './headline.tsx';
import { KillCard, StepsCard } from './kill.tsx';
import { PathDrawing } from './path-drawing.tsx';
import { RelatedCard } from './related.tsx';
import { StoryCard } from './story.tsx';
import { Triage } from './triage.tsx';
import { useNews } from './use-news.ts';

export default function AlertView() {
  const [, cluster = '', id = ''] = usePathParts();
  const resource = useResource<AlertAnswer>(`/api/v1/alerts/${encodeURIComponent(id)}`, { cluster });
  const news = useNews(resource, cluster, id);
  useTitle(resource.value ? `${resource.value.title}: ${accountName(resource.value.principal)}` : 'Alert');
  return (
    <Awaited resource={resource} what="the alert">
      {(alert) => (
        <>
          <div role="status" class="alert-news">
            {news.text !== null && (
              <p>
                {news.text}{' '}
                <button type="button" class="quiet" onClick={news.dismiss}>
                  Seen
                </button>
              </p>
            )}
          </div>
          <Whole key={`${alert.cluster} ${alert.id}`} alert={alert} onChange={resource.put} />
        </>
      )}
    </Awaited>
  );
}

function Whole({ alert, onChange }: { alert: AlertAnswer; onChange(alert: AlertAnswer): void }) {
  const [shown, setShown] = useState<string | undefined>();
  return (
    <article class="alert">
      <section class={`card alert-headline alert-${alert.severity}`}>
        <Headline alert={alert} />
        <Triage alert={alert} onDone={onChange} />
      </section>
      <section class="card alert-path" aria-labelledby="path-title">
        <h2 id="path-title">The path</h2>
        <PathDrawing alert={alert} />
      </section>
      <div class="alert-now">
        <KillCard actions={alert.actions} />
        <StepsCard steps={alert.triage} />
      </div>
      <div class="alert-what">
        <StoryCard alert={alert} onShow={setShown} />
        <EvidenceCard alert={alert} shown={shown} onShow={setShown} />
        <DeedsCard did={alert.did} />
        <FindingsCard alert={alert} />
      </div>
      <div class="alert-around">
        <Activity records={alert.activity} />
        <RelatedCard alert={alert} />
      </div>
    </article>
  );
}
