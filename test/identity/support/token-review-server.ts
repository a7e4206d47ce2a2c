/** A small API server that knows TokenReview alone: what it answers is as a real one's (20-tokenreview-response.json). */
import { KubeConfig } from '@kubernetes/client-node';
import { type Listening, listening } from '../../support/listening.ts';

export interface Known {
  username: string;
  node?: string;
  audiences?: string[];
}

interface Review {
  spec: { token: string; audiences: string[] };
}

export interface TokenReviewServer extends Listening {
  kubeConfig(): KubeConfig;
  /** Tokens that it was shown, in order. */
  asked: string[];
  authorization: (string | undefined)[];
  known: Map<string, Known>;
  /** Set to answer with that status in place of a review. */
  trouble: number | undefined;
  /** Set to answer like one that doesn't know of audiences. */
  oldFashioned: boolean;
}

export async function tokenReviewServer(): Promise<TokenReviewServer> {
  const known = new Map<string, Known>();
  const state: Pick<TokenReviewServer, 'asked' | 'authorization' | 'trouble' | 'oldFashioned'> = {
    asked: [],
    authorization: [],
    trouble: undefined,
    oldFashioned: false,
  };
  const server = await listening((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      state.authorization.push(request.headers.authorization);
      const right = request.method === 'POST' && request.url === '/apis/authentication.k8s.io/v1/tokenreviews';
      if (!right || state.trouble !== undefined) {
        response.writeHead(state.trouble ?? 404, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ kind: 'Status', code: state.trouble ?? 404 }));
        return;
      }
      const { spec } = JSON.parse(Buffer.concat(chunks).toString()) as Review;
      state.asked.push(spec.token);
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'TokenReview', metadata: {}, spec: {}, status: review(spec) }));
    });
  });

  function review({ token, audiences }: Review['spec']): object {
    const { username, node, audiences: its = ['truant-collector'] } = known.get(token) ?? {};
    const common = its.filter((audience) => audiences.includes(audience));
    if (username === undefined || (common.length === 0 && !state.oldFashioned)) {
      return { user: {}, error: '[invalid bearer token, token lookup failed]' };
    }
    const extra = {
      'authentication.kubernetes.io/credential-id': ['JTI=c19b5bbf-2afb-4adc-ba31-f93d60db140e'],
      ...(node !== undefined && { 'authentication.kubernetes.io/node-name': [node] }),
    };
    return {
      authenticated: true,
      ...(!state.oldFashioned && { audiences: common }),
      user: { username, uid: 'a6ff1f2f', groups: ['system:serviceaccounts', 'system:authenticated'], extra },
    };
  }

  const kubeConfig = (): KubeConfig => {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: server.url, skipTLSVerify: true },
      { name: 'test', token: 'the-collectors-own' },
    );
    return config;
  };
  return Object.assign(state, { ...server, known, kubeConfig });
}
