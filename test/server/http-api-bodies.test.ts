import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { bodyMd5, requestText, sign } from '../../src/pusher-protocol/signature.js';
import { Client } from './support/client.js';
import { credentials, portOf, startServer } from './support/server.js';
import { call, event, events } from './support/signed-call.js';

const body = JSON.stringify(event);
const half = Math.floor(body.length / 2);
const [first, rest] = [body.slice(0, half), body.slice(half)];
const chunkOf = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Sends the head of the event's request, which is signed with the MD5 of its body. */
function begin(service: WebSocketService, header: string): Socket {
  const query = new URLSearchParams({
    auth_key: 'key',
    auth_timestamp: String(Math.floor(Date.now() / 1000)),
    auth_version: '1.0',
    body_md5: bodyMd5(body),
  });
  query.set('auth_signature', sign(requestText('POST', events.path, query), credentials.secretKey));
  const socket = connect(portOf(service), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.write(`POST ${events.path}?${query} HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`);
  return socket;
}

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.includes('\r\n\r\n')) break;
  }
  return text;
}

describe.each([
  ['with a length', `Content-Length: ${body.length}`, (text: string) => text, ''],
  ['in chunks', 'Transfer-Encoding: chunked', chunkOf, '0\r\n\r\n'],
])('a body %s', (_what, header, framed, end) => {
  it('that comes in pieces is taken, and the connection goes on', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const socket = begin(service, header);
    for (const piece of [framed(first), framed(rest) + end]) {
      socket.write(piece);
      await wait(20);
    }
    const answer = await answerOf(socket);
    expect([answer.split('\r\n', 1)[0], answer.includes('Connection: keep-alive')]).toEqual(['HTTP/1.1 200 OK', true]);
    expect((await client.next(event.name)).data).toBe(event.data);
  });

  it('whose client goes away before its end publishes nothing, and harms nobody', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const socket = begin(service, header);
    socket.write(framed(first));
    await wait(20);
    socket.destroy();
    await wait(20);
    expect(await client.settled()).toEqual([]);
    expect((await call(service, { ...events, body: event })).status).toBe(200);
    await client.next(event.name);
  });

  it('that stops before its end is answered with 408, and its connection is closed', async () => {
    const service = await startServer({ requestTimeoutMs: 50 });
    const socket = begin(service, header);
    socket.write(framed(first));
    const answer = await answerOf(socket);
    expect([answer.split('\r\n', 1)[0], answer.includes('Connection: close')]).toEqual([
      'HTTP/1.1 408 Request Timeout',
      true,
    ]);
  });
});

it('a body that is shorter than it was signed is refused, and publishes nothing', async () => {
  const service = await startServer();
  const client = await Client.connect(service);
  await client.subscribe('a');
  const socket = begin(service, `Content-Length: ${first.length}`);
  socket.write(first);
  expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 401 .*body_md5/s);
  expect(await client.settled()).toEqual([]);
});
