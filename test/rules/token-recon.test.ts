import rule from '../../shared/detection/rules/token-recon.ts';
import { OUTSIDE, use } from '../detection/world.ts';
import { testRule } from './harness.ts';

const THEFT = ['token-used-away-from-pod', 'token-used-in-two-places'];
const review = { verb: 'create', resource: 'selfsubjectrulesreviews', apiGroup: 'authorization.k8s.io', namespace: '' };
const refused = (seconds: number, resource: string, more: object = {}) =>
  use(seconds, 'bot', { request: { resource, code: 403 }, ...more });
const DOORS = ['secrets', 'nodes', 'pods', 'roles'];
const asks = 'Token of system:serviceaccount:shop:cart, away from home, asks what it can do.';

testRule(rule, {
  fires: [
    {
      name: 'a review of its own rights, away',
      given: [use(10, 'cart-1', { from: OUTSIDE, request: review })],
      severity: 'medium',
      confidence: 'high',
      summary: asks,
      alerts: [[...THEFT, 'token-recon']],
    },
    ...['/api', '/apis', '/version', '/openapi/v3?timeout=32s', '/apis/apps/v1'].map((uri) => ({
      name: `discovery at ${uri}, away`,
      given: [use(10, 'cart-1', { from: OUTSIDE, request: { verb: 'get', resource: undefined, uri } })],
      severity: 'medium' as const,
      confidence: 'high' as const,
      summary: asks,
      alerts: [[...THEFT, 'token-recon']],
    })),
    {
      name: 'a refusal, away',
      given: [use(10, 'cart-1', { from: OUTSIDE, request: { resource: 'secrets', code: 403 } })],
      severity: 'medium',
      confidence: 'high',
      summary: 'Token of system:serviceaccount:shop:cart, away from home, was refused: list secrets in shop.',
      alerts: [[...THEFT, 'token-recon']],
    },
    {
      name: 'four different doors within a minute, at home',
      given: DOORS.map((resource, i) => refused(10 + i, resource)),
      severity: 'low',
      confidence: 'low',
      summary: 'system:serviceaccount:shop:bot was refused 4 different things within a minute.',
      alerts: [['token-recon']],
    },
  ],
  ignores: [
    { name: 'a review at home', given: [use(10, 'cart-1', { request: review })], because: 'kubectl does so by itself' },
    {
      name: 'the same door again and again, at home',
      given: Array.from({ length: 50 }, (_, i) => refused(10 + i, 'secrets')),
      because: 'that is a controller without the right',
    },
    {
      name: 'four doors in an hour, at home',
      given: DOORS.map((resource, i) => refused(10 + 900 * i, resource)),
      because: 'nobody tries doors that slowly',
    },
    {
      name: 'work, away',
      given: [use(10, 'cart-1', { from: OUTSIDE })],
      because: 'that is told by where it came from',
    },
  ],
});
