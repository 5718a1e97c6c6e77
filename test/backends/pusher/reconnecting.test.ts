import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { HurriedReconnection } from '../../../src/backends/pusher/pusher-js.js';
import { startServer } from '../../server/support/server.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { serviceOn } from './support/embedded.js';

/** A TCP proxy whose connections can be cut. */
async function startCable(
  target: number,
): Promise<{ port: number; cut(): void; plugIn(): Promise<void>; pull(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const build = (): Server =>
    createServer((client) => {
      const onward = new (client.constructor as typeof Socket)();
      onward.connect(target, '127.0.0.1');
      for (const socket of [client, onward]) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          onward.destroy();
        });
      }
      client.pipe(onward).pipe(client);
    });
  let server = build().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const pull = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  };
  onTestFinished(() => pull());
  return {
    port,
    cut,
    pull,
    async plugIn() {
      server = build().listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
  };
}

test('a subscription comes back by itself when the connection was lost, and when the server was away', async () => {
  const server = await startServer();
  const cable = await startCable(server.address?.port ?? 0);
  const logger = new RecordingLogger();
  const { push } = serviceOn(cable.port, { logger });
  const messages: unknown[] = [];
  push.on('messageReceived', ({ data }) => messages.push(data));
  await push.subscribe('private-encrypted-a');
  cable.cut();
  await expect.poll(() => server.api.channels(), { timeout: 8000 }).toEqual([]);
  await expect.poll(() => server.api.channels(), { timeout: 8000 }).toEqual(['private-encrypted-a']);
  await cable.pull();
  await expect.poll(() => logger.entries.length, { timeout: 8000 }).toBe(2);
  await cable.plugIn();
  // pusher-js alone would notice after 15 s.
  await expect.poll(() => server.api.channels(), { timeout: 8000 }).toEqual(['private-encrypted-a']);
  expect(logger.entries[0]?.text).toBe('pusher: the connection was lost and is made again');
});

test('a lost connection is tried again after 1, 2, 4 and then every 8 seconds, or a little earlier', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  vi.spyOn(Math, 'random').mockReturnValue(1);
  onTestFinished(() => void vi.restoreAllMocks());
  const attempts: number[] = [];
  const began = Date.now();
  const reconnection = new HurriedReconnection(() => attempts.push(Date.now() - began));
  reconnection.start();
  reconnection.start();
  vi.advanceTimersByTime(24_000);
  expect(attempts).toEqual([1000, 3000, 7000, 15_000, 23_000]);
  reconnection.stop();
  vi.advanceTimersByTime(60_000);
  expect(attempts).toHaveLength(5);
  reconnection.start();
  vi.advanceTimersByTime(1000);
  expect(attempts).toHaveLength(6);
  reconnection.stop();
});
