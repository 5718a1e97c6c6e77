import { expect, it, onTestFinished } from 'vitest';
import { RawClient } from './support/raw-client.js';
import { startServer } from './support/server.js';

// None of these ends within the time of a test while Node's own check runs every 30 seconds.

it('a connection on which nothing is sent is ended when requestTimeoutMs is over', async () => {
  const service = await startServer({ requestTimeoutMs: 300 });
  const raw = await RawClient.open(service);
  raw.collect();
  await raw.ended;
  expect(raw.bytes.toString()).toMatch(/^HTTP\/1.1 408 Request Timeout\r\n/);
});

it.each([
  ['an upgrade', 'GET /app/key?protocol=7 HTTP/1.1\r\nHost: x\r\n'],
  ['a request to the HTTP API', 'POST /apps/app/events HTTP/1.1\r\nHost: x\r\n'],
])('%s whose headers come byte by byte is ended likewise', async (_, head) => {
  const service = await startServer({ requestTimeoutMs: 300 });
  const raw = await RawClient.open(service);
  raw.collect();
  raw.write(head);
  const timer = setInterval(() => raw.write('X'), 20);
  onTestFinished(() => clearInterval(timer));
  // What it is told may get lost, because it is still writing when it is ended.
  await raw.ended;
  expect(raw.bytes.toString()).toMatch(/^(?:HTTP\/1.1 408 Request Timeout\r\n|$)/);
});

it('a connection that is used again has its time anew, and is not ended while it waits for the next request', async () => {
  const service = await startServer({ requestTimeoutMs: 1000 });
  const raw = await RawClient.open(service);
  raw.collect();
  const silent = await RawClient.open(service);
  raw.write('GET /apps/app/channels HTTP/1.1\r\nHost: x\r\n\r\n');
  await raw.until((text) => text.includes('401 Unauthorized'));
  // The other one came later, and shows that the time of both is over.
  silent.collect();
  await silent.ended;
  raw.write('GET /apps/other/channels HTTP/1.1\r\nHost: x\r\n\r\n');
  await raw.until((text) => text.includes('404 Not Found'));
  raw.destroy();
  await raw.ended;
});
