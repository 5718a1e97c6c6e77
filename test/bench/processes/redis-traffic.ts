import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** What Redis has handed to a process. */
export interface RedisTraffic {
  /** Messages of its channels, whatever they are for. */
  readonly messages: number;
  /** All bytes of all connections. */
  readonly bytes: number;
}

/** How Redis begins a message of a channel, of its plain and of its sharded publishing; the channel's name follows. */
const BEGINNING = Buffer.from('message\r\n$');

/**
 * Counts what Redis sends to this process over connections that are made later, whichever library makes them. It takes
 * CPU time itself.
 * @returns what it was so far
 */
export function watchRedis(port: number): () => RedisTraffic {
  let bytes = 0;
  let messages = 0;
  const watch = (socket: Socket): void => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      const text = Buffer.concat([rest, chunk]);
      for (let at = text.indexOf(BEGINNING); at >= 0; at = text.indexOf(BEGINNING, at + 1)) messages++;
      // One byte less than a beginning, so that none is counted twice.
      rest = text.subarray(Math.max(0, text.length - BEGINNING.length + 1));
    });
  };
  subscribe('net.client.socket', (event) => {
    const { socket } = event as { socket: Socket };
    socket.once('connect', () => {
      if (socket.remotePort === port) watch(socket);
    });
  });
  return () => ({ messages, bytes });
}
