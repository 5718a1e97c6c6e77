import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { WebSocketService } from '../../src/backends/websocket/index.js';
import { requestText, sign } from '../../src/pusher-protocol/signature.js';
import { Client } from './support/client.js';
import { credentials, portOf, startServer } from './support/server.js';
import { type Call, call, event, events } from './support/signed-call.js';

describe('refusals', () => {
  const now = Math.floor(Date.now() / 1000);

  it.each<[string, Partial<Call>, RegExp]>([
    ['an unknown key', { key: 'other' }, /auth_key/],
    ['a wrong secret', { secret: 'other' }, /auth_signature is wrong/],
    ['a timestamp that is too old', { timestamp: now - 700 }, /auth_timestamp/],
    ['a timestamp that is too new', { timestamp: now + 700 }, /auth_timestamp/],
    ['no signature', { tamper: (query) => query.delete('auth_signature') }, /"auth_signature" is missing/],
    ['no key', { tamper: (query) => query.delete('auth_key') }, /"auth_key" is missing/],
    ['no timestamp', { tamper: (query) => query.delete('auth_timestamp') }, /"auth_timestamp" is missing/],
    ['another version', { tamper: (query) => query.set('auth_version', '2.0') }, /auth_version/],
    ['a timestamp that is no number', { tamper: (query) => query.set('auth_timestamp', 'now') }, /auth_timestamp/],
    ['a short signature', { tamper: (query) => query.set('auth_signature', 'abc') }, /auth_signature is wrong/],
    ['a changed parameter', { tamper: (query) => query.set('more', 'yes') }, /auth_signature is wrong/],
    ['a changed md5', { tamper: (query) => query.set('body_md5', '0'.repeat(32)) }, /auth_signature is wrong/],
  ])('%s is answered with 401, saying so', async (_what, change, words) => {
    const service = await startServer();
    const { status, text } = await call(service, { ...events, body: event, ...change });
    expect(status).toBe(401);
    expect(text).toMatch(words);
    expect(text).not.toContain(credentials.secretKey);
  });

  it('timestamps within 600 s are taken', async () => {
    const service = await startServer();
    for (const timestamp of [now - 550, now + 550])
      expect((await call(service, { ...events, body: event, timestamp })).status).toBe(200);
  });

  it('a body that is not the one that was signed, or not signed at all, is answered with 401', async () => {
    const service = await startServer();
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    for (const parameters of [{ body_md5: md5('other') }, {}]) {
      const query = new URLSearchParams({
        ...parameters,
        auth_key: 'key',
        auth_timestamp: String(now),
        auth_version: '1.0',
      });
      query.set('auth_signature', sign(requestText('POST', events.path, query), credentials.secretKey));
      const response = await fetch(`http://127.0.0.1:${portOf(service)}${events.path}?${query}`, {
        method: 'POST',
        body: JSON.stringify(event),
      });
      expect([response.status, await response.text()]).toEqual([401, expect.stringContaining('body_md5')]);
    }
  });

  it('parameters that are signed as they were encoded are understood too', async () => {
    const service = await startServer();
    const query = `auth_key=key&auth_timestamp=${now}&auth_version=1.0&filter_by_prefix=a%3Db`;
    const signature = sign(`GET\n/apps/app/channels\n${query}`, credentials.secretKey);
    const response = await fetch(
      `http://127.0.0.1:${portOf(service)}/apps/app/channels?${query}&auth_signature=${signature}`,
    );
    expect(response.status).toBe(200);
  });

  it.each([
    ['an unknown application', '/apps/other/events', 'POST', 404],
    ['an unknown path', '/apps/app/dance', 'GET', 404],
    ['a path that goes on', '/apps/app/events/more', 'POST', 404],
    ['another part of the server', '/', 'GET', 404],
    ['a broken encoding', '/apps/app/channels/%E0%A4%A', 'GET', 400],
    ['a bad channel name', '/apps/app/channels/a%20b', 'GET', 400],
  ])('%s is answered with %s %s %i', async (_what, path, method, status) => {
    const service = await startServer();
    const { host, port } = { host: '127.0.0.1', port: portOf(service) };
    const query = new URLSearchParams({ auth_key: 'key', auth_timestamp: String(now), auth_version: '1.0' });
    query.set('auth_signature', sign(requestText(method, path, query), credentials.secretKey));
    const response = await fetch(`http://${host}:${port}${path}?${query}`, { method });
    expect(response.status).toBe(status);
    expect((await response.text()).length).toBeGreaterThan(10);
  });

  it.each(['pusher:subscription_succeeded', 'pusher_internal:member_added'])(
    'an event called %s is refused, alone and in a batch',
    async (name) => {
      const service = await startServer();
      const client = await Client.connect(service);
      await client.subscribe('a');
      const forged = { ...event, name };
      for (const [path, body] of [
        [events.path, forged],
        [
          '/apps/app/batch_events',
          {
            batch: [
              { name: 'fine', channel: 'a', data: '1' },
              { name, channel: 'a', data: '1' },
            ],
          },
        ],
      ] as const) {
        const { status, text } = await call(service, { method: 'POST', path, body });
        expect([status, text]).toEqual([400, expect.stringContaining('begins with "pusher:"')]);
      }
      expect(await client.settled()).toEqual([]);
    },
  );

  it('the wrong method is answered with 405, naming the right one', async () => {
    const service = await startServer();
    const { status, headers } = await call(service, { path: events.path });
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
    expect((await call(service, { method: 'DELETE', path: '/apps/app/channels' })).status).toBe(405);
  });

  it('a disabled application is answered with 403, after its signature was checked', async () => {
    const service = await startServer({
      apps: [{ appId: 'off', pubKey: 'off', secretKey: 'off-secret', enabled: false }],
    });
    const path = '/apps/off/events';
    expect((await call(service, { method: 'POST', path, body: event, key: 'off', secret: 'off-secret' })).status).toBe(
      403,
    );
    expect((await call(service, { method: 'POST', path, body: event, key: 'off', secret: 'wrong' })).status).toBe(401);
  });

  it('applications are apart: one cannot publish to the other', async () => {
    const other = { appId: 'b', pubKey: 'b-key', secretKey: 'b-secret' };
    const service = await startServer({ apps: [other] });
    const [mine, theirs] = await Promise.all([Client.connect(service), Client.connect(service, { key: 'b-key' })]);
    await Promise.all([mine.subscribe('a'), theirs.subscribe('a')]);
    await call(service, { method: 'POST', path: '/apps/b/events', body: event, key: 'b-key', secret: 'b-secret' });
    await theirs.next('x');
    expect(await mine.settled()).toEqual([]);
    expect((await call(service, { method: 'POST', path: '/apps/b/events', body: event })).status).toBe(401);
  });
});

describe('bodies', () => {
  it('a full batch whose JSON escapes each character is taken', async () => {
    const service = await startServer();
    const client = await Client.connect(service);
    await client.subscribe('a');
    const data = '"'.repeat(10_240);
    const batch = Array.from({ length: 10 }, () => ({ name: 'x', channel: 'a', data }));
    const body = JSON.stringify({ batch }).replaceAll('\\"', '\\u0022');
    expect((await call(service, { method: 'POST', path: '/apps/app/batch_events', body })).status).toBe(200);
    expect((await client.next('x')).data).toBe(data);
  });

  /** Sends the head of a signed request and then whatever is wanted; resolves with the whole answer. */
  async function raw(service: WebSocketService, headers: string, chunks: Iterable<string>): Promise<string> {
    const query = new URLSearchParams({
      auth_key: 'key',
      auth_timestamp: String(Math.floor(Date.now() / 1000)),
      auth_version: '1.0',
      body_md5: '0',
    });
    query.set('auth_signature', sign(requestText('POST', events.path, query), credentials.secretKey));
    const socket = connect(portOf(service), '127.0.0.1');
    socket.write(`POST ${events.path}?${query} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n`);
    for (const chunk of chunks) socket.write(chunk);
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.includes('\r\n\r\n')) break;
    }
    return text;
  }

  it('a body that says it is too large is refused before it is read', async () => {
    const service = await startServer();
    expect(await raw(service, 'Content-Length: 100000000', [])).toContain(' 413 ');
  });

  it('a body that turns out too large is refused before its end', async () => {
    const service = await startServer();
    const chunk = 'x'.repeat(100_000);
    expect(
      await raw(
        service,
        'Transfer-Encoding: chunked',
        Array.from({ length: 8 }, () => `186a0\r\n${chunk}\r\n`),
      ),
    ).toContain(' 413 ');
  });

  it('a body that does not come is given up', async () => {
    const service = await startServer({ requestTimeoutMs: 50 });
    expect(await raw(service, 'Content-Length: 10', ['{'])).toContain(' 408 ');
  });
});
