/** A receiver of webhooks, in a process of its own that can be killed. Tells its parent what it took before it answers. */
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';

export interface PeerStart {
  port: number;
  tls?: ServerOptions;
}
export type PeerMode = 'take' | 'hang' | 'break';
export interface PeerTook {
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** It will not be answered. */
  mode: PeerMode;
}

let mode: PeerMode = 'take';
const { port, tls } = JSON.parse(process.env['PEER'] ?? '{}') as PeerStart;

const listener: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const took: PeerTook = { headers: request.headers, body: Buffer.concat(chunks).toString(), mode };
    if (mode === 'hang') process.send?.(took);
    else if (mode === 'break') process.send?.(took, () => request.socket.destroy());
    else process.send?.(took, () => response.end('ok'));
    if (mode === 'break') mode = 'take';
  });
};

const server = tls ? createTlsServer(tls, listener) : createServer(listener);
process.on('message', (wanted: PeerMode) => {
  mode = wanted;
  process.send?.('changed');
});
process.on('disconnect', () => process.exit());
server.listen(port, '127.0.0.1', () => process.send?.('up'));
