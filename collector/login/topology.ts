/** What logging in needs of the configuration. */
import type { Registry } from 'prom-client';
import type { Component } from '../../shared/component/component.ts';
import type { Config } from '../../shared/config/schema.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { componentMetrics } from '../../shared/telemetry/metrics.ts';
import { type Clock, HOUR, MINUTE } from '../../shared/time.ts';
import type { Every } from '../every.ts';
import type { RefusalLog } from '../identity/refusal-log.ts';
import { SESSION_ENDS, Sessions } from '../identity/sessions.ts';
import type { RegisterRoutes } from '../server/endpoint.ts';
import { Issuer } from './issuer.ts';
import { oidcRoutes } from './oidc-routes.ts';
import { sessionRoutes } from './session-routes.ts';

export interface LoginDeps {
  refusals: RefusalLog;
  log: Logger;
  registry: Registry;
  /** The real time, whatever is played back. */
  clock: Clock;
  every: Every;
}

export interface Login {
  sessions: Sessions;
  /** Where browsers reach the collector, if that is configured. */
  publicUrl: string | undefined;
  routes: RegisterRoutes[];
  components: Component[];
}

export function createLogin({ collector: { auth, tls } }: Config, deps: LoginDeps): Login {
  const { refusals, log, registry, clock, every } = deps;
  const sessions = new Sessions({
    idle: auth.session.idleMinutes * MINUTE,
    total: auth.session.hours * HOUR,
    clock,
    metrics: componentMetrics(registry, 'sessions', { dropped: SESSION_ENDS }),
  });
  const issuer = auth.oidc && new Issuer(auth.oidc, { clock, every });
  const secure = tls.certFile !== undefined || tls.terminatedElsewhere;
  return {
    sessions,
    publicUrl: auth.oidc?.publicUrl,
    routes: [
      sessionRoutes({ issuer, label: auth.oidc?.label ?? '', tokens: hasTokens(auth), log }),
      ...(issuer ? [oidcRoutes({ issuer, secure, clock, refusals, log })] : []),
    ],
    components: issuer ? [issuer.component] : [],
  };
}

function hasTokens(auth: Config['collector']['auth']): boolean {
  if (auth.mode === 'none') return false;
  const files = [auth.viewerTokensFile, auth.analystTokensFile, auth.adminTokensFile];
  const hashes = [...auth.viewerTokenHashes, ...auth.analystTokenHashes, ...auth.adminTokenHashes];
  return hashes.length > 0 || files.some((file) => file !== undefined);
}
