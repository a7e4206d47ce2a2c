/** A collector that knows every kind of caller, over TLS, and everybody who might call. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { Agent, fetch, type RequestInit, type Response } from 'undici';
import { createLogger } from '../../../shared/telemetry/logger.ts';
import { type TokenReviewServer, tokenReviewServer } from '../../identity/support/token-review-server.ts';
import { keySetOf, type Said, SigningKey } from '../../identity/support/tokens.ts';
import { Authority, type Issued } from '../../support/certificates.ts';
import { freePort } from '../../support/free-ports.ts';
import { CLIENT, oidcIssuer, ROLES } from '../../support/oidc.ts';
import { Browser } from './browser.ts';
import { CLUSTER, use } from './make.ts';
import { batch, lines, type Running, runCollector } from './running.ts';

const hash = (token: string) => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/** How a caller shows who it is. */
export interface Credentials {
  token?: string;
  certificate?: Issued;
  /** Logs in, and again once that is over: the headers that the page sends then. */
  session?: () => Promise<Record<string, string>>;
}

export interface Lab extends Running {
  authority: Authority;
  /** The key of the cluster `demo`. */
  key: SigningKey;
  /** The API server of the cluster `reviewed`. */
  api: TokenReviewServer;
  callers: {
    /** Not known: 401. */
    strangers: Record<string, Credentials>;
    /** Known, but nobody who may come in: 403. */
    outsiders: Record<string, Credentials>;
    viewers: Record<string, Credentials>;
    analysts: Record<string, Credentials>;
    admins: Record<string, Credentials>;
    /** Administrators' browsers, when another page has them ask. */
    forged: Record<string, Credentials>;
    /** Agents of demo/node-a. */
    agents: Record<string, Credentials>;
    /** Agents of other nodes and clusters. */
    otherAgents: Record<string, Credentials>;
  };
  /** Everything that was logged. */
  logged(): string;
  ask(method: string, path: string, who: Credentials, init?: RequestInit): Promise<Response>;
  /** What an agent of demo/node-a sends. */
  send(who: Credentials, as?: { cluster: string; agent: string }): Promise<Response>;
}

export async function createLab(section: object = {}): Promise<Lab> {
  const folder = await mkdtemp(path.join(tmpdir(), 'truant-identity-'));
  const put = async (name: string, content: string): Promise<string> => {
    await writeFile(path.join(folder, name), content);
    return path.join(folder, name);
  };
  const authority = new Authority();
  const own = authority.issue({ ip: ['127.0.0.1'] });
  const [key, keyOfOther] = [new SigningKey('one'), new SigningKey('one')];
  const api = await tokenReviewServer();
  const port = await freePort();
  const url = `https://127.0.0.1:${port}`;
  const oidc = await oidcIssuer({ publicUrl: url });
  let logged = '';
  const to = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      logged += chunk.toString();
      done();
    },
  });
  const running = await runCollector(
    {
      listen: { port },
      tls: {
        certFile: await put('tls.crt', own.cert),
        keyFile: await put('tls.key', own.key),
        clientCaFile: await put('ca.crt', authority.pem),
      },
      auth: {
        mode: 'token',
        viewerTokenHashes: [hash('the-viewer')],
        analystTokenHashes: [hash('the-analyst')],
        adminTokenHashes: [hash('the-admin')],
        agentTokenHashes: [hash('agent-of-here'), `${hash('agent-of-b')} demo/node-b`, `${hash('other-agent')} other`],
        oidc: {
          issuer: oidc.url,
          clientId: CLIENT.id,
          clientSecretFile: await put('secret', CLIENT.secret),
          publicUrl: url,
          roles: ROLES,
        },
        clusters: [
          { name: CLUSTER, jwksFile: await put('demo.json', JSON.stringify(await keySetOf(key))) },
          { name: 'other', jwksFile: await put('other.json', JSON.stringify(await keySetOf(keyOfOther))) },
          {
            name: 'reviewed',
            issuer: 'https://reviewed',
            tokenReview: { kubeconfig: await put('kubeconfig', api.kubeConfig().exportConfig()) },
          },
        ],
      },
      limits: { failuresPerMinute: 100_000, requestsPerMinute: 100_000 },
      ...section,
    },
    { logger: createLogger({ level: 'trace' }, to) },
  );
  const dispatchers = new Map<string, Agent>();
  const dispatcherFor = ({ certificate: { cert, key } = { cert: '', key: '' } }: Credentials): Agent => {
    const known = dispatchers.get(cert);
    if (known) return known;
    const made = new Agent({ connect: { ca: authority.pem, ...(cert !== '' && { cert, key }) } });
    dispatchers.set(cert, made);
    return made;
  };
  const ask: Lab['ask'] = async (method, route, who, init = {}) =>
    fetch(running.url + route, {
      method,
      dispatcher: dispatcherFor(who),
      redirect: 'manual',
      ...init,
      headers: {
        ...(init.headers as Record<string, string> | undefined),
        ...(await who.session?.()),
        ...(who.token !== undefined && { authorization: `Bearer ${who.token}` }),
      },
    });
  return {
    ...running,
    authority,
    key,
    api,
    callers: {
      ...(await callersOf({ authority, key, keyOfOther, api })),
      ...peopleOf(url, () => new Browser(dispatcherFor({}))),
    },
    logged: () => logged,
    ask,
    send: (who, as = { cluster: CLUSTER, agent: 'node-a' }) =>
      ask('POST', '/api/v1/batches', who, {
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines(batch(0, [use(0)], { ...as, stream: `${as.cluster}/${as.agent}/1` })),
      }),
    stop: async () => {
      await Promise.all([...dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
      await running.stop();
      await Promise.all([api.close(), oidc.close()]);
      await rm(folder, { recursive: true });
    },
  };
}

type People = Pick<Lab['callers'], 'viewers' | 'analysts' | 'admins' | 'forged'>;

function peopleOf(url: string, newBrowser: () => Browser): People {
  const withToken = (token: string) => async (browser: Browser) => {
    await browser.fromPage(`${url}/api/v1/session`, 'POST', { body: { token } });
  };
  const atIssuer = (user: string) => async (browser: Browser) => {
    await browser.logIn(url, user);
  };
  const session = (logIn: (browser: Browser) => Promise<void>, from = url, knows = true) => {
    const browser = newBrowser();
    const askWho = () => browser.ask(`${url}/api/v1/me`);
    return async () => {
      let who = await askWho();
      if (who.status !== 200) {
        await logIn(browser);
        who = await askWho();
      }
      const { csrf } = (await who.json()) as { csrf: string };
      const cookie = [...browser.cookies(url)].map(([name, value]) => `${name}=${value}`).join('; ');
      return { cookie, origin: from, ...(knows && { 'x-csrf-token': csrf }) };
    };
  };
  return {
    viewers: {
      'a viewer': { token: 'the-viewer' },
      'a viewer who has logged in with a token': { session: session(withToken('the-viewer')) },
      'a viewer who has logged in at the issuer': { session: session(atIssuer('vic')) },
    },
    analysts: {
      'an analyst': { token: 'the-analyst' },
      'an analyst who has logged in with a token': { session: session(withToken('the-analyst')) },
      'an analyst who has logged in at the issuer': { session: session(atIssuer('ana')) },
    },
    admins: {
      'an administrator': { token: 'the-admin' },
      'an administrator who has logged in with a token': { session: session(withToken('the-admin')) },
      'an administrator who has logged in at the issuer': { session: session(atIssuer('ada')) },
    },
    forged: {
      'a page of another origin': { session: session(withToken('the-admin'), 'https://evil.example') },
      'a page that does not know the token': { session: session(atIssuer('ada'), url, false) },
    },
  };
}

interface Keys {
  authority: Authority;
  key: SigningKey;
  keyOfOther: SigningKey;
  api: TokenReviewServer;
}

async function callersOf({ authority, key, keyOfOther, api }: Keys): Promise<Omit<Lab['callers'], keyof People>> {
  const says = async (said: Said, by = key): Promise<Credentials> => ({ token: await by.token(said) });
  const named = (uri: string, by = authority): Credentials => ({ certificate: by.issue({ uri: [uri] }) });
  const reviewed = await key.token({ claims: { iss: 'https://reviewed' } });
  api.known.set(reviewed, { username: 'system:serviceaccount:truant:truant-agent', node: 'node-a' });
  const now = Math.floor(Date.now() / 1000);
  return {
    strangers: {
      nobody: {},
      'an unknown token': { token: 'a-guess' },
      'something that looks like a token': { token: 'eyJhbGciOiJSUzI1NiJ9.e30.AAAA' },
      'a token of another audience': await says({ claims: { aud: 'https://kubernetes.default.svc' } }),
      'an expired token': await says({ now: now - 7200 }),
      'a token for later': await says({ claims: { nbf: now + 600 } }),
      'a token of another issuer': await says({ claims: { iss: 'https://elsewhere' } }),
      'a token of other keys': await says({}, new SigningKey('two')),
      'a token of a key that calls itself like ours': await says({}, new SigningKey('one')),
      'a token without a signature': { token: key.none() },
      'a token signed with the public key': { token: key.confused() },
      'a token that the API server does not know': await says({ claims: { iss: 'https://reviewed' }, node: 'node-b' }),
      'a certificate of another CA': named('truant://demo/node-a', new Authority()),
      'an expired certificate': {
        certificate: authority.issue({ uri: ['truant://demo/node-a'], to: new Date(Date.now() - 1000) }),
      },
      'a certificate, and an unknown token': { ...named('truant://demo/node-a'), token: 'a-guess' },
    },
    outsiders: {
      'another account of the cluster': await says({ namespace: 'shop', account: 'cart' }),
      'a token without a node': await says({ node: null }),
      'a certificate that names nobody': { certificate: authority.issue({ dns: ['node-a'] }) },
    },
    agents: {
      'an agent with a static token': { token: 'agent-of-here' },
      "an agent with its ServiceAccount's token": await says({}),
      'an agent with a certificate': named('truant://demo/node-a'),
    },
    otherAgents: {
      'an agent of another node, with a static token': { token: 'agent-of-b' },
      'an agent of another node': await says({ node: 'node-b' }),
      'an agent of another node, with a certificate': named('truant://demo/node-b'),
      'an agent of another cluster, with a static token': { token: 'other-agent' },
      'an agent of another cluster': await says({}, keyOfOther),
      'an agent of another cluster, with a certificate': named('truant://other/node-a'),
      'an agent of a cluster whose API server is asked': { token: reviewed },
    },
  };
}
