import { connect, createServer, type Socket } from 'node:net';
import { listen } from '../../support/ports.ts';

/**
 * A line to a server on this machine that is as slow as one across a continent: whatever is sent arrives later, in order. A
 * connection is made at once here, where on a long line that takes a round trip too: its first bytes wait for so much longer.
 * @param delayMs for one direction, in milliseconds
 * @returns the port to connect to instead of the server's
 */
export async function slowLink(port: number, delayMs: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    forward(near, far, delayMs, performance.now() + 2 * delayMs);
    forward(far, near, delayMs);
  });
  return listen(server);
}

/** @param notBefore when the line begins to carry */
function forward(from: Socket, to: Socket, delayMs: number, notBefore = 0): void {
  const later = (work: () => void): void => {
    const now = performance.now();
    setTimeout(work, delayMs + Math.max(0, notBefore - now));
  };
  from.setNoDelay(true);
  from.on('data', (chunk) => later(() => to.writable && to.write(chunk)));
  from.on('end', () => later(() => to.end()));
  from.on('error', () => to.destroy());
  from.on('close', () => later(() => to.destroy()));
}
