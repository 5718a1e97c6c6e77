import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type RequestKind, requestsOf } from '../wire/http-requests.ts';
import { answer } from './answer.ts';

/** Clients that keep their connections open. Each sends its next request when the last one was answered. */
export interface LoadCommands {
  connect(port: number, connections: number): Promise<void>;
  /** Sends requests, and returns when all are answered with the status 200. Another answer is thrown. */
  send(kind: RequestKind, count: number): Promise<void>;
}

const clients: Socket[] = [];
/** Tells each request from all others. */
let made = 0;

/** Sends the requests that are left, one after the other. */
async function send(socket: Socket, requests: Iterator<string>): Promise<void> {
  if (socket.destroyed) throw new Error('The server has closed a connection that did nothing.');
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const next = (): void => {
    const request = requests.next();
    if (request.done) resolve();
    else socket.write(request.value);
  };
  let received = '';
  const onData = (chunk: Buffer): void => {
    received += chunk.toString('latin1');
    if (!isWhole(received)) return;
    if (!received.startsWith('HTTP/1.1 200 ')) reject(new Error(`The server answered: ${received}`));
    received = '';
    next();
  };
  const onClose = (): void => reject(new Error('The server closed a connection.'));
  socket.on('data', onData).on('close', onClose);
  next();
  await promise.finally(() => socket.off('data', onData).off('close', onClose));
}

/** Whether a text holds an answer to its end. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /^content-length: (\d+)\r$/im.exec(text)?.[1];
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= end + 4 + Number(length);
}

answer<LoadCommands>({
  async connect(port, connections) {
    for (let index = 0; index < connections; index++) {
      const socket = connect(port, '127.0.0.1').setNoDelay();
      await once(socket, 'connect');
      clients.push(socket);
    }
  },
  async send(kind, count) {
    const requests = Array.from({ length: count }, () => requestsOf[kind](made++)).values();
    await Promise.all(clients.map((socket) => send(socket, requests)));
  },
});
