import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import {
  AuthenticationError,
  ConfigurationError,
  PushError,
  RateLimitError,
  ValidationError,
} from '../../../src/core/errors.js';
import { DeliveryError } from '../../../src/core/report.js';
import { Client } from '../../server/support/client.js';
import { remoteAt, remoteOf } from '../../server/support/remote.js';
import { context, credentials, message, portOf, record, startServer } from '../../server/support/server.js';
import { deliver, deliverMessages } from '../../support/deliver.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { recordedMessage } from '../../support/recorded-message.js';
import { serve } from '../../support/test-server.js';

describe('publishing', () => {
  it('messages reach the subscribers of the server in the other process', async () => {
    const service = await startServer();
    const remote = remoteOf(service);
    const [client, sender] = await Promise.all([Client.connect(service), Client.connect(service)]);
    for (const one of [client, sender]) await one.subscribe('a');
    await deliver(remote, ['a'], message('one', { n: 1 }), context);
    await deliver(remote, ['a', 'b'], message('two', {}, sender.socketId), context);
    await deliverMessages(
      remote,
      [
        { channel: 'a', message: message('three') },
        { channel: 'a', message: message('four', {}, sender.socketId) },
      ],
      context,
    );
    expect((await client.settled()).map(({ event }) => event)).toEqual(['one', 'two', 'three', 'four']);
    expect((await sender.settled()).map(({ event }) => event)).toEqual(['one', 'three']);
  });

  it('the id of a recorded message, and of no other, goes along to the subscribers of the other process', async () => {
    const service = await startServer();
    const remote = remoteOf(service);
    const { received } = record(remote);
    await remote.subscribe('a');
    const [one, two] = [recordedMessage('one', 1), recordedMessage('two', 2)];
    await deliver(remote, ['a', 'b'], one, context);
    const batch = [two, message('three', 3)].map((each) => ({ channel: 'a', message: each }));
    await deliverMessages(remote, batch, context);
    await expect
      .poll(() => received)
      .toEqual([
        { channel: 'a', event: 'one', data: 1, id: one.id },
        { channel: 'a', event: 'two', data: 2, id: two.id },
        { channel: 'a', event: 'three', data: 3 },
      ]);
  });

  it('asks and commands the HTTP API, which the embedded server answers in its own process, too', async () => {
    const service = await startServer();
    const remote = remoteOf(service);
    const client = await Client.connect(service);
    await client.subscribe('orders');
    for (const backend of [service, remote]) {
      expect(await backend.get('channels')).toEqual({ channels: { orders: {} } });
      expect(await backend.get('/channels/orders', { info: 'subscription_count' })).toEqual({
        occupied: true,
        subscription_count: 1,
      });
      await backend.post({ path: '/events', body: { name: backend.name, channels: ['orders'], data: '1' } });
      const wrong = [
        () => backend.get('/nowhere'),
        () => backend.get('/events'),
        () => backend.get('/channels', { info: 'user_count' }),
        () => backend.post('/events', { name: 'x' }),
      ];
      for (const request of wrong) await failureOf(PushError, request);
    }
    expect((await client.settled()).map(({ event }) => event)).toEqual(['websocket', 'remote']);
    await failureOf(ValidationError, () => service.get('/channels/%ff'));
  });

  it('its limits are those of the HTTP API', () => {
    expect(remoteAt(1).capabilities).toMatchObject({
      maxChannelsPerRequest: 100,
      maxMessagesPerRequest: 10,
      subscribe: true,
      presence: true,
      authorize: true,
      except: true,
    });
  });

  it('it asks about channels', async () => {
    const service = await startServer();
    const remote = remoteOf(service);
    const client = await Client.connect(service);
    await client.join(service, 'presence-a', { id: 'ann' });
    expect(await remote.channelInfo('presence-a')).toEqual({ occupied: true, subscriptionCount: 1, userCount: 1 });
    expect(await remote.channelInfo('empty')).toEqual({ occupied: false, subscriptionCount: 0 });
    expect(await remote.channelUsers('presence-a')).toEqual(['ann']);
  });

  it('a wrong secret is an AuthenticationError', async () => {
    const service = await startServer();
    const error = await deliver(remoteOf(service, { secretKey: 'wrong-one' }), ['a'], message('x'), context).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, retryable: false });
    expect(String((error as Error).stack)).not.toContain('wrong-one');
  });

  it('data that the server finds too large is rejected for good', async () => {
    const service = await startServer({ maxEventBytes: 10 });
    const error = await deliver(remoteOf(service), ['a'], message('x', 'x'.repeat(20)), context).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({
      status: 413,
      outcome: 'rejected',
      retryable: false,
      message: expect.stringContaining('over 10 bytes'),
    });
  });

  it.each<[number, object]>([
    [400, { outcome: 'rejected', retryable: false }],
    [500, { outcome: 'unknown', retryable: true }],
    [502, { outcome: 'unknown', retryable: true }],
    [503, { outcome: 'rejected', retryable: true }],
  ])('the status %i is a DeliveryError', async (status, expected) => {
    const port = await serve((_request, response) => void response.writeHead(status).end('because'));
    const error = await deliver(remoteAt(port), ['a'], message('x'), context).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ status, message: expect.stringContaining('because'), ...expected });
  });

  it('the status 429 is a RateLimitError with the time to wait', async () => {
    const port = await serve((_request, response) => void response.writeHead(429, { 'Retry-After': '3' }).end());
    const error = await deliver(remoteAt(port), ['a'], message('x'), context).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ retryAfter: 3000, retryable: true });
  });

  it('a server that is not there was never reached; one that hangs up may have delivered', async () => {
    const port = await serve((request) => void request.socket.destroy());
    await expect(deliver(remoteAt(port), ['a'], message('x'), context)).rejects.toMatchObject({
      outcome: 'unknown',
      retryable: true,
    });
    const free = await startServer();
    const freePort = portOf(free);
    await free.close();
    await expect(deliver(remoteAt(freePort), ['a'], message('x'), context)).rejects.toMatchObject({
      outcome: 'rejected',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each(['<!doctype html><title>Please sign in</title>', '', '[]', '"ok"', '{"oops'])(
    'a success with the body %j is no acceptance: no Channels server answers so',
    async (body) => {
      const port = await serve((_request, response) => void response.end(body));
      const remote = remoteAt(port);
      const messages = [{ channel: 'a', message: message('x') }];
      for (const asking of [
        () => deliver(remote, ['a'], message('x'), context),
        () => deliverMessages(remote, messages, context),
        () => remote.channelInfo('a'),
        () => remote.channelUsers('presence-a'),
      ]) {
        const error = await failureOf(DeliveryError, asking());
        expect(error).toMatchObject({ outcome: 'unknown', retryable: false, backend: 'remote' });
        expect(error.message).toBe(
          `The server at http://127.0.0.1:${port} answered with a success that is not JSON: it is no Channels server. Check "host" and "port".`,
        );
      }
    },
  );

  it('a success is one with any status of a success', async () => {
    const port = await serve((_request, response) => void response.writeHead(202).end('{}'));
    await deliver(remoteAt(port), ['a'], message('x'), context);
  });

  it.each([301, 303, 307])('a redirect with %i is not followed', async (status) => {
    const other = vi.fn();
    const elsewhere = await serve((_request, response) => {
      other();
      response.end('{}');
    });
    const location = `http://127.0.0.1:${elsewhere}/apps/app/events?auth_signature=secret`;
    const port = await serve((_request, response) => void response.writeHead(status, { location }).end());
    const error = await failureOf(DeliveryError, deliver(remoteAt(port), ['a'], message('x'), context));
    expect(error).toMatchObject({ outcome: status === 303 ? 'unknown' : 'rejected', retryable: false });
    expect(error.message).toContain(`redirected the request to http://127.0.0.1:${elsewhere},`);
    expect(other).not.toHaveBeenCalled();
  });

  it('a port that fetch refuses is a ConfigurationError', async () => {
    await expect(deliver(remoteAt(6000), ['a'], message('x'), context)).rejects.toBeInstanceOf(ConfigurationError);
  });

  it('an attempt whose body stalls ends with its signal', async () => {
    const port = await serve((_request, response) => void response.writeHead(200).write('{'));
    const signal = AbortSignal.timeout(50);
    await expect(deliver(remoteAt(port), ['a'], message('x'), { signal })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });
});

describe('the signature of a request shows nowhere', () => {
  const signed = /auth_signature|auth_key|body_md5/;

  it.each([
    'a b',
    'example.com/path',
    'user:password@example.com',
    'user@example.com',
    'example.com?query',
    'example.com#part',
    'example.com:80',
    '[::1]',
    'a%20b',
    'a\\b',
    'a\tb',
    '0x7f.1',
    '1',
    '',
  ])('because the host %j is refused before there is any', (host) => {
    const make = (): unknown => new RemoteWebSocketService({ ...credentials, options: { host, port: 80 } });
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(
      `The remote backend's options: "host" must be a name or an address, such as "push.example.com" or "::1", without a port or a path, found ${host === '' ? 'an empty string' : 'a string'}.`,
    );
  });

  it.each(['localhost', 'Push.Example.COM', '127.0.0.1', '::1', 'xn--bcher-kva.de'])(
    'and the host %j is taken',
    (host) => {
      for (const port of [undefined, 80, 443, 6001])
        expect(() => new RemoteWebSocketService({ ...credentials, options: { host, port } })).not.toThrow();
    },
  );

  it('when the address cannot be used, the server is not there, or it hangs up', async () => {
    const hangsUp = await serve((request) => void request.socket.destroy());
    const free = await startServer();
    const freePort = portOf(free);
    await free.close();
    for (const [port, code] of [
      [hangsUp, 'UND_ERR_SOCKET'],
      [freePort, 'ECONNREFUSED'],
      [6000, undefined],
    ] as const) {
      const error = await failureOf(PushError, deliver(remoteAt(port), ['a'], message('x'), context));
      expect(everythingShown(error)).not.toMatch(signed);
      expect(error.cause).toBeInstanceOf(Error);
      expect((error.cause as { code?: string }).code).toBe(code);
      expect((error.cause as Error).cause).toBeUndefined();
    }
  });

  it('when fetch tells the address in its error', async () => {
    const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input) => {
      const invalid = Object.assign(new TypeError(`Invalid URL: ${String(input)}`), { input, code: 'ERR_INVALID_URL' });
      throw new TypeError(`Failed to parse URL from ${String(input)}`, { cause: invalid });
    });
    onTestFinished(() => fetching.mockRestore());
    const error = await failureOf(DeliveryError, deliver(remoteAt(6001), ['a'], message('x'), context));
    expect(String(fetching.mock.calls[0]?.[0])).toMatch(signed);
    expect(everythingShown(error)).not.toMatch(signed);
    expect(error.cause).toMatchObject({
      name: 'TypeError',
      code: 'ERR_INVALID_URL',
      message: 'Invalid URL: http://127.0.0.1:6001/apps/app/events?[secret]',
    });
    expect(Object.keys(error.cause as object).toSorted()).toEqual(['code', 'name']);
  });

  it('when the server quotes it', async () => {
    let quoted = '';
    const port = await serve((request, response) => {
      quoted = new URL(request.url ?? '', 'http://x').searchParams.get('auth_signature') ?? '';
      response.writeHead(401).end(`Invalid signature: you sent ${quoted}`);
    });
    const error = await failureOf(AuthenticationError, deliver(remoteAt(port), ['a'], message('x'), context));
    expect(quoted).toMatch(/^[0-9a-f]{64}$/);
    expect(error.message).toBe(
      'The server answered 401: Invalid signature: you sent [secret] (check the credentials in PUSH_SERVER)',
    );
  });
});

it('wrong options and missing credentials are refused', () => {
  expect(() => new RemoteWebSocketService({ ...credentials, options: { prt: 1 } as object })).toThrow(
    /"prt".*did you mean "port"/,
  );
  const webhookKeys = [{ pubKye: 'older', secretKey: 'older' }];
  expect(() => new RemoteWebSocketService({ ...credentials, options: { webhookKeys } as object })).toThrow(
    /"webhookKeys.0.pubKye" \(did you mean "pubKey"\?\)/,
  );
  expect(() => new RemoteWebSocketService({ options: { port: 6001 } })).toThrow(/"appId", "pubKey", "secretKey"/);
});

it('it authorises and tells browsers where to connect like the server itself', () => {
  const remote = remoteAt(6001);
  expect(remote.clientConfig()).toEqual({ key: 'key', host: '127.0.0.1', port: 6001, useTLS: false });
  expect(remote.authorizeChannel('1.2', 'private-a').auth).toMatch(/^key:[0-9a-f]{64}$/);
  expect(remote.authenticateUser('1.2', { id: '1' }).auth).toMatch(/^key:[0-9a-f]{64}$/);
  expect(JSON.stringify(remote)).not.toContain(credentials.secretKey);
});
