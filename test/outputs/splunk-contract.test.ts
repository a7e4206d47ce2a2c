/** Splunk's HTTP Event Collector, by a server that checks the published contract: it is not the real one. */
import { createSplunkOutput } from '../../collector/outputs/splunk/splunk-output.ts';
import { describeOutput, type OtherSide, receivedOf } from './output-contract.ts';
import { HecServer } from './support/hec-server.ts';
import { splunkSettings } from './support/settings.ts';

async function start(acknowledge: boolean): Promise<OtherSide> {
  const token = '5a1f0f0e-0000-4000-8000-000000000001';
  const server = await HecServer.start({ token, acknowledges: acknowledge });
  const output = createSplunkOutput({
    settings: splunkSettings({ url: server.url, token: { variable: 'TOKEN' }, acknowledge }),
    environment: { TOKEN: token },
    pollMs: 5,
  });
  return {
    output,
    received: async () => server.taken.map(({ event }) => receivedOf(JSON.stringify(event))),
    goDown: () => server.goDown(),
    comeBack: () => server.comeBack(),
    hang: async () => server.hang(),
    breakHalfway: async () => server.breakHalfway(),
    stop: () => server.goDown(),
  };
}

const standIn = '(a stand-in that checks the published contract, not the real one)';
describeOutput(`Splunk ${standIn}`, { start: () => start(false) });
describeOutput(`Splunk with indexer acknowledgement ${standIn}`, { start: () => start(true) });
