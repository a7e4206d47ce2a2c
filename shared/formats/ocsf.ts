/** OCSF 1.8.0: a Detection Finding of each change of an alert. docs/integrations/ocsf.md tells what is where. */
import { VERSION } from '../version.ts';
import { marked, summaryText, summaryTitle } from './facts.ts';
import type { Format } from './format.ts';
import { jsonLine } from './json-line.ts';
import { fewerOf } from './lessened.ts';
import { type AlertNotice, type SummaryNotice, severityOf } from './notice.ts';
import { evidenceOf, kindsOf } from './ocsf-evidence.ts';
import {
  analyticOf,
  attacksOf,
  dataSourcesOf,
  MAX_ITEMS,
  observablesOf,
  relatedAnalyticsOf,
  relatedEventsOf,
  remediationOf,
  resourcesOf,
  rule,
  timesOf,
} from './ocsf-parts.ts';
import {
  classFields,
  confidenceFields,
  given,
  millis,
  severityFields,
  statusFields,
  verdictFields,
} from './ocsf-words.ts';

export const ocsf: Format = {
  name: 'ocsf',
  contentType: 'application/json',
  alert: (notice) => jsonLine(findingOf(notice)),
  summary: (notice) => jsonLine(findingOfSummary(notice)),
};

const OCSF_VERSION = '1.8.0';
const PRODUCT = { name: 'Truant', vendor_name: 'Truant', version: VERSION };

function findingOf(notice: AlertNotice) {
  const { alert: whole, id, event, link, isTest } = notice;
  const alert = fewerOf(whole, MAX_ITEMS);
  const kinds = kindsOf(whole);
  const evidences = alert.evidence.map((evidence) => evidenceOf(evidence, kinds));
  const note = alert.resolution?.note;
  const ofIncident = {
    ...verdictFields(notice),
    ...given({
      assignee: alert.assignee === undefined ? undefined : { name: alert.assignee },
      src_url: link,
    }),
  };
  return {
    ...classFields(event),
    time: millis(alert.updatedAt) ?? 0,
    ...given({ start_time: millis(alert.firstSeen), end_time: millis(alert.lastSeen) }),
    count: alert.counts.observations,
    message: marked(notice, alert.summary),
    is_alert: event !== 'close',
    ...severityFields(alert.severity),
    ...confidenceFields(alert.confidence),
    ...statusFields(alert),
    ...ofIncident,
    ...(note !== undefined && note !== '' && { comment: note }),
    metadata: {
      uid: id,
      version: OCSF_VERSION,
      product: PRODUCT,
      sequence: alert.revision,
      ...(Object.keys(ofIncident).length > 0 && { profiles: ['incident'] }),
      ...(isTest && { labels: ['test'] }),
      ...(whole.evidenceTotal > evidences.length && { is_truncated: true }),
    },
    finding_info: {
      uid: alert.id,
      title: marked(notice, alert.title),
      desc: alert.summary,
      ...timesOf(alert),
      analytic: analyticOf(alert),
      related_events_count: alert.counts.findings,
      ...given({
        related_analytics: relatedAnalyticsOf(alert),
        related_events: relatedEventsOf(alert),
        data_sources: dataSourcesOf(whole),
        src_url: link,
      }),
      ...(alert.attack.length > 0 && { attacks: attacksOf(alert) }),
    },
    resources: resourcesOf(alert, kinds),
    ...(evidences.length > 0 && { evidences }),
    ...given({ observables: observablesOf(evidences), remediation: remediationOf(alert) }),
    unmapped: unmappedOf(notice, evidences.length),
  };
}

/** What has no place in OCSF, in Truant's own words. */
function unmappedOf({ alert: { evidenceTotal, ...alert } }: AlertNotice, evidences: number) {
  const { cluster, revision, credential, credentialKind, confidenceWhy, rules, resolution } = alert;
  const { sources, did, story, actions } = fewerOf({ ...alert, evidenceTotal }, MAX_ITEMS);
  return {
    cluster,
    revision,
    credential,
    credentialKind,
    confidenceWhy,
    rules,
    sources,
    did,
    story: story.map(({ sentence }) => sentence),
    actions,
    evidenceLeftOut: Math.max(0, evidenceTotal - evidences),
    ...(resolution && { resolution }),
  };
}

/** Its alerts were not sent in OCSF: they are related events of another type. */
function findingOfSummary(notice: SummaryNotice) {
  const { id, output, total, severities, rules, alerts, since, until, link } = notice;
  const title = summaryTitle(notice);
  return {
    ...classFields('create'),
    time: millis(until) ?? 0,
    ...given({ start_time: millis(since), end_time: millis(until), src_url: link }),
    count: total,
    message: summaryText(notice),
    is_alert: true,
    ...severityFields(severityOf(notice)),
    metadata: {
      uid: id,
      version: OCSF_VERSION,
      product: PRODUCT,
      ...(link !== undefined && { profiles: ['incident'] }),
    },
    finding_info: {
      uid: id,
      title,
      desc: summaryText(notice),
      ...given({ first_seen_time: millis(since), last_seen_time: millis(until), src_url: link }),
      related_events_count: total,
      ...(rules.length > 0 && { related_analytics: rules.map(({ rule: ruleId }) => rule(ruleId)) }),
      ...(alerts.length > 0 && {
        related_events: alerts.map((alert) => ({
          uid: alert.id,
          type: 'Truant alert',
          title: alert.title,
          ...severityFields(alert.severity),
          tags: [
            { name: 'cluster', value: alert.cluster },
            { name: 'principal', value: alert.principal },
          ],
        })),
      }),
    },
    unmapped: { output, severities, ruleCounts: rules },
  };
}
