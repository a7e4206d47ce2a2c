import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ParseOptions, parseConfig } from '../../shared/config/parse.ts';
import { TruantError } from '../../shared/errors.ts';

function problems(input: unknown, options: ParseOptions = {}): string[] {
  try {
    parseConfig(input, options);
  } catch (error) {
    if (!(error instanceof TruantError) || error.code !== 'CONFIG_INVALID') throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe('parseConfig', () => {
  test.each([null, undefined, {}, { agent: null, networks: null }, { agent: { auditLog: null } }])(
    'nothing set (%j) gives the defaults',
    (input) => {
      const config = parseConfig(input);
      expect(config.collector.listen).toEqual({ host: '127.0.0.1', port: 7117 });
      expect(config.agent.auditLog).toEqual({ fromBeginning: false, maxLineBytes: 10_485_760 });
      expect(config.detection).toEqual({
        allowedMinters: [],
        knownLegacySources: [],
        allowedReaders: [],
        learningHours: 24,
        rules: {},
      });
      expect(config.log).toEqual({ level: 'info', pretty: false });
    },
  );

  test('what is set takes the place of the default, next to other defaults', () => {
    const config = parseConfig({
      cluster: { name: 'arn:aws:eks:eu-west-1:123456789012:cluster/shop' },
      agent: { auditLog: { path: '/var/log/audit.log' } },
      networks: { podCidrs: ['10.244.0.0/16', 'fd00:10:244::/56'], trustedProxies: ['10.0.0.7'] },
      detection: {
        allowedMinters: [{ principal: 'ci', reason: 'deploys', expires: '2030-12-31' }],
        knownLegacySources: [
          { principal: 'system:serviceaccount:shop:old', source: '192.0.2.0/24', reason: 'an appliance' },
        ],
        rules: { 'legacy-token-used': { severity: 'low' }, 'token-recon': { enabled: false } },
      },
    });
    expect(config.cluster.name).toBe('arn:aws:eks:eu-west-1:123456789012:cluster/shop');
    expect(config.agent.auditLog.path).toBe('/var/log/audit.log');
    expect(config.agent.auditLog.maxLineBytes).toBe(10_485_760);
    expect(config.detection.rules['token-recon']).toEqual({ enabled: false });
  });

  test.each([
    ['collector.listen.port', { collector: { listen: { port: 'abc' } } }, 'found "abc"; must be a port number from 0'],
    ['collector.listen.port', { collector: { listen: { port: 70_000 } } }, 'found 70000; must be a port number'],
    ['collector.listen.port', { collector: { listen: { port: 1.5 } } }, 'found 1.5; must be a port number'],
    [
      'agent.holdBackMs',
      { agent: { holdBackMs: -1 } },
      'found -1; must be a whole number from 0 to 60000 milliseconds',
    ],
    [
      'agent.inventory.kubernetes',
      { agent: { inventory: { kubernetes: 'yes' } } },
      'found "yes"; must be true or false',
    ],
    [
      'agent.collector.url',
      { agent: { collector: { url: 'ftp://x' } } },
      'found "ftp://x"; must be an http or https URL',
    ],
    [
      'agent.metrics.listen.host',
      { agent: { metrics: { listen: { host: '0.0.0.0' } } } },
      'found "0.0.0.0"; must be localhost, ::1 or an address in 127.0.0.0/8',
    ],
    ['agent.node', { agent: { node: 'Node 1' } }, 'found "Node 1"; must be a node\'s name'],
    ['agent', { agent: 3 }, 'found 3; must be a section'],
    ['networks', { networks: [] }, 'found a list; must be a section'],
    ['networks.podCidrs', { networks: { podCidrs: '10.0.0.0/8' } }, 'found "10.0.0.0/8"; must be a list'],
    [
      'networks.podCidrs[1]',
      { networks: { podCidrs: ['10.0.0.0/8', '10.0.0.1'] } },
      'found "10.0.0.1"; must be a CIDR',
    ],
    ['networks.podCidrs[0]', { networks: { podCidrs: ['10.0.0.0/33'] } }, 'must be a CIDR'],
    ['networks.podCidrs[0]', { networks: { podCidrs: ['fd00::/129'] } }, 'must be a CIDR'],
    ['networks.podCidrs[0]', { networks: { podCidrs: ['10.0.0.0/8/8'] } }, 'must be a CIDR'],
    ['networks.trustedProxies[0]', { networks: { trustedProxies: ['proxy.local'] } }, 'must be an address or CIDR'],
    ['networks.controlPlane[0]', { networks: { controlPlane: ['fe80::1%eth0'] } }, 'must be an address or CIDR'],
    [
      'detection.allowedMinters[0].reason',
      { detection: { allowedMinters: [{ principal: 'ci' }] } },
      'is missing; must be text on one line',
    ],
    [
      'detection.allowedMinters[0].expires',
      { detection: { allowedMinters: [{ principal: 'ci', reason: 'x', expires: 'soon' }] } },
      'found "soon"; must be a day such as 2030-12-31',
    ],
    [
      'detection.knownLegacySources[0].principal',
      { detection: { knownLegacySources: [{ principal: 'shop/old', source: '::1', reason: 'x' }] } },
      'must be system:serviceaccount:<namespace>:<name>',
    ],
    [
      'detection.allowedReaders[0]',
      { detection: { allowedReaders: [{ pod: 'backup-*', reason: 'x' }] } },
      'needs an executable, a namespace or an image',
    ],
    [
      'detection.allowedReaders[0].executable',
      { detection: { allowedReaders: [{ executable: '/usr/bin/*', reason: 'x' }] } },
      "must be a program's whole path such as /usr/bin/backup, without *",
    ],
    [
      'detection.allowedReaders[0].executable',
      { detection: { allowedReaders: [{ executable: 'backup', reason: 'x' }] } },
      "must be a program's whole path such as /usr/bin/backup, without *",
    ],
    [
      'detection.allowedReaders[0].reason',
      { detection: { allowedReaders: [{ image: 'x' }] } },
      'is missing; must be text on one line',
    ],
    ['detection.learningHours', { detection: { learningHours: 0 } }, 'must be a whole number from 1 to 8760 hours'],
    [
      'detection.rules.token-recon.severity',
      { detection: { rules: { 'token-recon': { severity: 'bad' } } } },
      'found "bad"; must be info, low, medium, high or critical',
    ],
    ['log.level', { log: { level: 'loud' } }, 'found "loud"; must be trace, debug, info, warn, error, fatal or silent'],
    ['the configuration', ['x'], 'found a list; must be a section'],
    ['the configuration', 'x', 'found "x"; must be a section'],
  ])('%s: %j', (key, input, message) => {
    const [only, ...rest] = problems(input);
    expect(rest).toEqual([]);
    expect(only).toContain(`${key}: `);
    expect(only).toContain(message);
  });

  test.each([
    ['colector', { colector: {} }, 'did you mean collector?'],
    ['collector.lisen', { collector: { lisen: {} } }, 'did you mean listen?'],
    ['agent.audit_log', { agent: { audit_log: {} } }, 'did you mean auditLog?'],
    ['cluster.zzzzzzzz', { cluster: { zzzzzzzz: 1 } }, 'there is only name'],
    [
      'detection.allowedMinters[0].why',
      { detection: { allowedMinters: [{ principal: 'ci', reason: 'x', why: 1 }] } },
      'there are principal, reason, expires',
    ],
    ['detection.rules.x.enable', { detection: { rules: { x: { enable: true } } } }, 'did you mean enabled?'],
  ])('%s is no key', (key, input, message) => {
    expect(problems(input)).toEqual([`${key}: no such key; ${message}`]);
  });

  test('all problems at once', () => {
    const all = problems({
      colector: {},
      agent: { holdBackMs: 'x', stateDirr: '/x' },
      networks: { podCidrs: ['a', 'b'] },
    });
    expect(all.map((line) => line.replace(/: .*/, '')).toSorted()).toEqual([
      'agent.holdBackMs',
      'agent.stateDirr',
      'colector',
      'networks.podCidrs[0]',
      'networks.podCidrs[1]',
    ]);
  });

  test('rules are checked against the catalogue, if there is one', () => {
    const input = { detection: { rules: { 'token-recn': { enabled: false } } } };
    expect(problems(input)).toEqual([]);
    expect(problems(input, { ruleIds: ['token-recon', 'legacy-token-used'] })).toEqual([
      'detection.rules.token-recn: no such rule; did you mean token-recon?',
    ]);
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', 'collector.example'])('listening on %s needs authentication', (host) => {
    expect(problems({ collector: { listen: { host } } })).toEqual([
      'collector.listen.host: can be reached from other machines, which needs collector.auth.mode: token',
      expect.stringMatching(/^collector\.listen\.host: .*which needs collector\.tls\.certFile and keyFile/),
    ]);
    const auth = { mode: 'token', viewerTokenHashes: [`sha256:${'a'.repeat(64)}`] };
    expect(problems({ collector: { listen: { host }, auth } })).toEqual([
      expect.stringContaining('collector.tls.terminatedElsewhere'),
    ]);
    expect(problems({ collector: { listen: { host }, auth, tls: { terminatedElsewhere: true } } })).toEqual([]);
    expect(problems({ collector: { listen: { host }, auth, tls: { certFile: 'c', keyFile: 'k' } } })).toEqual([]);
  });

  test('a token is a viewer’s or an agent’s, and the hash is not shown', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
    const auth = { mode: 'token', viewerTokenHashes: [a, b], agentTokenHashes: [c, b] };
    expect(problems({ collector: { auth } })).toEqual([
      'collector.auth.agentTokenHashes[1]: is in collector.auth.viewerTokenHashes too',
    ]);
    expect(problems({ collector: { auth: { ...auth, agentTokenHashes: [c] } } })).toEqual([]);
  });

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('listening on %s does not', (host) => {
    expect(problems({ collector: { listen: { host } } })).toEqual([]);
  });

  test('authentication by token needs tokens', () => {
    expect(problems({ collector: { auth: { mode: 'token' } } })).toEqual([
      'collector.auth.mode: is token, which needs one of collector.auth.viewerTokenHashes, analystTokenHashes, adminTokenHashes, a file of these, or oidc',
    ]);
    expect(problems({ collector: { auth: { mode: 'token', viewerTokensFile: '/etc/truant/tokens' } } })).toEqual([]);
  });

  test('keys that are nearly right lead to those that are', () => {
    expect(problems({ collector: { auth: { tokenHashes: [], tokensFile: 'x', adminTokenHashs: [] } } })).toEqual([
      'collector.auth.tokenHashes: no such key; did you mean viewerTokenHashes?',
      'collector.auth.tokensFile: no such key; did you mean viewerTokensFile?',
      'collector.auth.adminTokenHashs: no such key; did you mean adminTokenHashes?',
    ]);
  });

  test('a person’s token may have a name, though not one that others go by', () => {
    const named = (name: string) =>
      problems({ collector: { auth: { analystTokenHashes: [`sha256:${'a'.repeat(64)} ${name}`] } } });
    for (const name of ['alice', 'alice@example.org', 'truants']) expect(named(name)).toEqual([]);
    for (const name of ['truant', 'anybody', 'a b', '<b>', '', 'x'.repeat(65)]) expect(named(name)).toHaveLength(1);
  });

  describe('logging in at an issuer', () => {
    const right = {
      issuer: 'https://sso.example',
      clientId: 'truant',
      publicUrl: 'https://truant.example/',
      roles: { analyst: ['soc'] },
    };
    const tls = { terminatedElsewhere: true };
    const within = (more: object, auth: object = { mode: 'token' }, tlsSection: object = tls) =>
      problems({ collector: { tls: tlsSection, auth: { ...auth, oidc: { ...right, ...more } } } });

    test('is a way to ask, and has what else it needs by itself', () => {
      expect(within({})).toEqual([]);
      const { oidc } = parseConfig({ collector: { tls, auth: { mode: 'token', oidc: right } } }).collector.auth;
      expect(oidc).toMatchObject({
        publicUrl: 'https://truant.example',
        scopes: ['openid', 'profile', 'email', 'groups'],
        groupsClaim: 'groups',
        roles: { viewer: [], analyst: ['soc'], admin: [] },
      });
      expect(within({ issuer: 'http://127.0.0.1:9', publicUrl: 'http://localhost:7117' }, undefined, {})).toEqual([]);
    });

    test.each<[string, object, RegExp]>([
      ['an issuer that can be changed on its way', { issuer: 'http://sso.example' }, /issuer.*must be an https URL/],
      ['a place that is not all of a host', { publicUrl: 'https://truant.example/x' }, /publicUrl.*without a path/],
      ['a place without TLS', { publicUrl: 'http://truant.example' }, /publicUrl.*must be an https URL/],
      ['a place without TLS where there is', { publicUrl: 'http://localhost' }, /publicUrl: must be https, as/],
      ['no openid', { scopes: ['profile'] }, /scopes: must have openid among them/],
      ['nobody who may', { roles: {} }, /roles: name no group/],
    ])('is refused with %s', (_what, more, message) => {
      expect(within(more)).toEqual([expect.stringMatching(message)]);
    });

    test('is refused where nobody is asked, and without TLS where it is said', () => {
      expect(within({}, {})).toEqual(['collector.auth.oidc: needs collector.auth.mode: token']);
      expect(within({}, undefined, {})).toEqual([
        expect.stringMatching(/^collector\.auth\.oidc\.publicUrl: is https, which needs collector\.tls\.certFile/),
      ]);
    });
  });

  describe('clusters whose agents are known by their tokens', () => {
    const within = (...clusters: object[]) => problems({ collector: { auth: { clusters } } });
    const named = (name: string, more: object = { jwksFile: '/keys' }) => ({ name, ...more });

    test('may call their issuer the same, if their keys are given', () => {
      expect(within(named('a'), named('b'), named('c', { jwksUrl: 'https://c/openid/v1/jwks' }))).toEqual([]);
      expect(within(named('a', { tokenReview: {} }), named('b', { issuer: 'https://b', jwksFile: '/keys' }))).toEqual(
        [],
      );
    });

    test.each([
      ['no keys', [named('a', {})], 'clusters[0]: needs one of jwksFile, jwksUrl, tokenReview'],
      ['two sources', [named('a', { jwksFile: '/keys', tokenReview: {} })], 'clusters[0]: needs one of'],
      ['one name twice', [named('a'), named('a')], 'has a name that another one has too'],
      [
        'an API server that would be shown tokens of another',
        [named('a', { tokenReview: {} }), named('b')],
        'clusters[0]: has an issuer that another one has too: use jwksFile or jwksUrl',
      ],
      ['keys that can be changed on their way', [named('a', { jwksUrl: 'http://c/jwks' })], 'must be an https URL'],
      ['an account that is none', [named('a', { jwksFile: '/k', serviceAccount: 'truant' })], '<namespace>/<name>'],
    ])('are refused with %s', (_what, clusters, message) => {
      expect(within(...clusters).join('\n')).toContain(message);
    });
  });

  test.each([
    [{ url: 'http://collector:7117' }, /^agent\.collector\.url: would show the token to the network; use https/],
    [{ certFile: 'c' }, /^agent\.collector\.certFile: needs keyFile too/],
    [{ keyFile: 'k' }, /^agent\.collector\.keyFile: needs certFile too/],
  ])('what would not keep a token, or is half of a pair, is refused: %j', (section, message) => {
    expect(problems({ agent: { collector: section } })).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    { url: 'https://collector:7117' },
    { url: 'http://localhost:7117' },
    { url: 'http://[::1]:7117' },
    { url: 'http://collector:7117', allowPlainHttp: true },
    { certFile: 'c', keyFile: 'k' },
  ])('what keeps it is fine: %j', (section) => {
    expect(problems({ agent: { collector: section } })).toEqual([]);
  });

  test.each([
    [{ certFile: 'c' }, 'collector.tls.certFile: needs keyFile too'],
    [{ clientCaFile: 'c' }, 'collector.tls.clientCaFile: needs certFile too'],
  ])('the collector’s TLS needs its parts: %j', (tls, message) => {
    expect(problems({ collector: { tls } })).toEqual([message]);
  });

  test('what is secret is in no error', () => {
    const secret = 'hunter2hunter2';
    for (const input of [
      { collector: { auth: { viewerTokenHashes: [secret] } } },
      { collector: { auth: { viewerTokenHashes: secret } } },
      { collector: { auth: { adminTokenHashes: [secret] } } },
      { collector: { auth: { agentTokenHashes: [`${secret} a/b`] } } },
      { agent: { collector: { url: `http://me:${secret}@collector/` } } },
      { collector: { outputs: { a: { splunk: { url: 'https://a', token: secret } } } } },
      { collector: { outputs: { a: { elasticsearch: { url: 'https://a', apiKey: secret } } } } },
      { collector: { outputs: { a: { elasticsearch: { url: 'https://a', apiKey: { variable: `-${secret}` } } } } } },
      { collector: { outputs: { a: { webhook: { url: `htps://a/${secret}` } } } } },
      { collector: { outputs: { a: { webhook: { url: 'https://a', headers: { Authorization: secret } } } } } },
      { collector: { outputs: { a: { webhook: { url: 'https://a', secretHeaders: { Authorization: secret } } } } } },
    ]) {
      const lines = problems(input);
      expect(lines).not.toEqual([]);
      expect(lines.join('\n')).not.toContain(secret);
    }
    expect(problems({}, { environment: { TRUANT_COLLECTOR__AUTH__VIEWER_TOKEN_HASHES: secret } }).join('\n')).toMatch(
      /^(?!.*hunter2).*TRUANT_COLLECTOR__AUTH__VIEWER_TOKEN_HASHES/,
    );
  });

  test.each([
    [
      { 'not a name': { stdout: {} } },
      'not a name: is no name for it; must be a name of at most 63 small letters, digits and -',
    ],
    [
      { a: { splunk: { url: 'https://a', token: 'x' } } },
      'a.splunk.token: found a value that is not shown; must be { file: ... } or { variable: ... }: where it is, never the secret itself',
    ],
    [
      { a: { webhook: { url: 'https://a', headers: { 'X-Api-Key': 'x' } } } },
      'a.webhook.headers.X-Api-Key: belongs into secretHeaders, with its value in a file or a variable',
    ],
  ])('what is wrong with an output is said: %j', (outputs, message) => {
    expect(problems({ collector: { outputs } })).toEqual([`collector.outputs.${message}`]);
  });

  test('an exception may end on a day or at a time, and on no other thing', () => {
    const withExpiry = (expires: unknown) =>
      problems({ detection: { allowedMinters: [{ principal: 'ci', reason: 'x', expires }] } });
    expect(withExpiry('2030-12-31')).toEqual([]);
    expect(withExpiry('2030-12-31T12:00:00+02:00')).toEqual([]);
    expect(withExpiry('2030-13-31')).toHaveLength(1);
    expect(withExpiry(20_301_231)).toHaveLength(1);
  });

  test('whatever is given, it is either a configuration or a TruantError', () => {
    const keys = fc.constantFrom(
      'agent',
      'collector',
      'listen',
      'port',
      'detection',
      'rules',
      'networks',
      '__proto__',
      'x',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 4 }),
      ),
    }));
    const variables = fc.dictionary(
      fc.constantFrom('TRUANT_AGENT__NODE', 'TRUANT_NETWORKS__POD_CIDRS', 'TRUANT_X__Y', 'TRUANT_____', 'TRUANT_AGENT'),
      fc.string(),
    );
    fc.assert(
      fc.property(tree, variables, (input, environment) => {
        problems(input, { environment });
        expect(({} as Record<string, unknown>)['enabled']).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});
