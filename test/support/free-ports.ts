/** Ports for processes that are told where to listen. */
import { createServer } from 'node:net';

/**
 * Below those that systems give to outgoing connections: such a connection could otherwise take a port while the process
 * that listens there is killed and started again, or even be joined to itself.
 */
const FROM = 10_000;
const UNTIL = 32_000;

/** Ports that nobody listens at, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = FROM + Math.floor(Math.random() * (UNTIL - FROM));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

export const freePort = async (): Promise<number> => (await freePorts(1))[0] as number;

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
