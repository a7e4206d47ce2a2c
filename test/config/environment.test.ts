import { describe, expect, test } from 'vitest';
import { variableName } from '../../shared/config/environment.ts';
import { parseConfig } from '../../shared/config/parse.ts';

const parse = (environment: Record<string, string>, input: unknown = {}) => parseConfig(input, { environment });

describe('environment variables', () => {
  test('set keys of every kind, over what the file says', () => {
    const config = parse(
      {
        TRUANT_CLUSTER__NAME: 'prod',
        TRUANT_AGENT__AUDIT_LOG__MAX_LINE_BYTES: '65536',
        TRUANT_AGENT__AUDITLOG__FROMBEGINNING: 'true',
        TRUANT_NETWORKS__POD_CIDRS: '10.244.0.0/16, fd00::/56',
        TRUANT_NETWORKS__CONTROL_PLANE: '["10.0.0.1"]',
        TRUANT_DETECTION__RULES__TOKEN_RECON__ENABLED: 'false',
        TRUANT_DETECTION__ALLOWED_MINTERS: '[{"principal":"ci","reason":"deploys"}]',
      },
      { cluster: { name: 'test' }, agent: { auditLog: { path: '/a' } }, detection: null },
    );
    expect(config.cluster.name).toBe('prod');
    expect(config.agent.auditLog).toEqual({ path: '/a', maxLineBytes: 65_536, fromBeginning: true });
    expect(config.networks.podCidrs).toEqual(['10.244.0.0/16', 'fd00::/56']);
    expect(config.networks.controlPlane).toEqual(['10.0.0.1']);
    expect(config.detection.rules).toEqual({ 'token-recon': { enabled: false } });
    expect(config.detection.allowedMinters).toEqual([{ principal: 'ci', reason: 'deploys' }]);
  });

  test('text is taken as it is', () => {
    expect(parse({ TRUANT_CLUSTER__NAME: '7' }).cluster.name).toBe('7');
    expect(parse({ TRUANT_AGENT__AUDIT_LOG__PATH: 'null' }).agent.auditLog.path).toBe('null');
  });

  test('an empty list is a list', () => {
    expect(
      parse({ TRUANT_NETWORKS__POD_CIDRS: '' }, { networks: { podCidrs: ['10.0.0.0/8'] } }).networks.podCidrs,
    ).toEqual([]);
  });

  test('errors name the variable and the key', () => {
    expect(() => parse({ TRUANT_COLLECTOR__LISTEN__PORT: 'http' })).toThrow(
      'collector.listen.port (set by TRUANT_COLLECTOR__LISTEN__PORT): found "http"; must be a port number',
    );
    expect(() => parse({ TRUANT_NETWORKS__POD_CIDRS: '10.0.0.0/8,x' })).toThrow(
      'networks.podCidrs[1] (set by TRUANT_NETWORKS__POD_CIDRS): found "x"; must be a CIDR',
    );
    expect(() => parse({ TRUANT_COLECTOR__LISTEN__PORT: '1' })).toThrow(
      'TRUANT_COLECTOR__LISTEN__PORT: sets no key of the configuration; did you mean TRUANT_COLLECTOR__LISTEN__PORT?',
    );
  });

  test.each([
    'TRUANT_URL',
    'TRUANT_TOKEN',
    'TRUANT_CONFIG',
    'TRUANT_SERVICE_HOST',
    'TRUANT_PORT_7117_TCP_ADDR',
    'OTHER__X',
  ])('%s is none of them', (name) => {
    expect(parse({ [name]: 'x' })).toEqual(parse({}));
  });

  test('variableName gives the variable of a key', () => {
    expect(variableName(['agent', 'auditLog', 'maxLineBytes'])).toBe('TRUANT_AGENT__AUDIT_LOG__MAX_LINE_BYTES');
    expect(variableName(['detection', 'rules', 'token-recon', 'enabled'])).toBe(
      'TRUANT_DETECTION__RULES__TOKEN_RECON__ENABLED',
    );
  });
});
