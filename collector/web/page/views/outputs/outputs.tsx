/** Where alerts are sent: how each output is, why one does not deliver, and what it could not. It keeps itself up to date. */
import './outputs.css';
import { useOutputs } from '../../api/outputs.ts';
import { mayAdmin } from '../../api/session.ts';
import { TakesRole } from '../../parts/may.tsx';
import { Awaited, Empty } from '../../parts/states.tsx';
import { useTitle } from '../../parts/title.ts';
import { DeadLetters } from './dead-letters.tsx';
import { OutputCard } from './output-card.tsx';
import { EXAMPLE, worstFirst } from './words.ts';

const EVERY_MS = 5000;

export default function Outputs() {
  useTitle('Outputs');
  const resource = useOutputs(EVERY_MS);
  return (
    <div class="outputs">
      <header>
        <h1>Outputs</h1>
        <span class="soft">where alerts are sent; figures are since the collector started, asked for every 5 s</span>
      </header>
      <Awaited resource={resource} what="the outputs">
        {({ items }) =>
          items.length === 0 ? (
            <None />
          ) : (
            <>
              {!mayAdmin() && <TakesRole role="admin" to="send test alerts, or send dead letters again" />}
              <div class="output-cards">
                {items.toSorted(worstFirst).map((output) => (
                  <OutputCard key={output.name} output={output} />
                ))}
              </div>
              <DeadLetters outputs={items} onChange={resource.reload} />
            </>
          )
        }
      </Awaited>
    </div>
  );
}

const None = () => (
  <section class="card">
    <Empty title="Alerts are sent nowhere yet.">
      They are on this page and in the API alone. Outputs are configured at the collector, by names of your own:
    </Empty>
    <pre class="output-example" tabIndex={0} aria-label="An example">
      {EXAMPLE}
    </pre>
    <p class="soft">
      Outputs are Kafka, webhooks (Slack and Teams too), syslog, Elasticsearch and OpenSearch, Splunk, Alertmanager,
      files and standard output; docs/outputs.md tells of each. <code>truant outputs test siem</code> tries one.
    </p>
  </section>
);
