import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** Whether a request asks for a WebSocket. Others offer `h2c` or the like, which a server may just not take up. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Gives a request that merely offers an upgrade back to its server, as if it had not. For a Node without
 * `shouldUpgradeCallback` (below 22.21), which treats every offer as an upgrade as soon as anyone listens for them.
 */
export function serveWithoutUpgrade(
  server: { emit(event: string, socket: Duplex): boolean },
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = request.rawHeaders[index] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines.push(`${name}: ${request.rawHeaders[index + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}
