import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { HTTP_ERRORS, HttpTransport } from '../../agent/transport/http/http-transport.ts';
import { REFUSALS } from '../../agent/transport/transport.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { silent } from '../collector/support/doubles.ts';
import { runCollector } from '../collector/support/running.ts';
import { storedIds, storedStreams } from '../support/asked.ts';
import { freePorts } from '../support/free-ports.ts';
import { runOf } from '../support/runs.ts';
import { transportContract } from './transport.ts';

/** A batch has no more lines. */
const MAX_LINES = 5000;

transportContract('HTTP', {
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'truant-http-'));
    const [port = 0] = await freePorts(1);
    const up = () => runCollector({ listen: { port }, store: { path: join(folder, 'truant.duckdb') } });
    let collector = await up();
    const metrics = componentMetrics(new Registry(), 'http-transport', { dropped: REFUSALS, errors: HTTP_ERRORS });
    const transport = new HttpTransport({
      url: `http://127.0.0.1:${port}`,
      logger: silent,
      metrics,
      pause: (_ms, signal) => new Promise((resolve) => (signal.aborted ? resolve() : setTimeout(resolve, 20))),
    });
    return {
      transport,
      ids: () => storedIds(collector),
      streams: () => storedStreams(collector),
      down: () => collector.stop(),
      up: async () => {
        collector = await up();
      },
      oversized: () => runOf(0, MAX_LINES + 2),
      dispose: async () => {
        await collector.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
});
