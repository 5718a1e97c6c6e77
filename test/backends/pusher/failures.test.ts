import { describe, expect, onTestFinished, test } from 'vitest';
import { AuthenticationError, DeliveryError, PushError, RateLimitError, TimeoutError } from '../../../src/index.js';
import { type FailureCase, inDoubt, notNow, refused } from '../../providers/failure-case.js';
import * as faults from '../../providers/faults.js';
import { type PusherProvider, startPusherProvider } from '../../providers/pusher-provider.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { freePort } from '../../support/ports.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { type Started, start } from './support/start.js';

/** A 502 in the middle of whose body the connection is reset. */
const resetInFailure: faults.Fault = (_answer, response) => {
  response.writeHead(502, { 'content-length': 1000 });
  response.write('<html>', () => response.socket?.resetAndDestroy());
};

const failing = (status: number, body: unknown = 'the reason'): faults.Fault => faults.answering({ status, body });

const cases: readonly FailureCase<string>[] = [
  refused('a refusal', failing(400), 'Pusher answered 400: the reason', { status: 400 }),
  refused('401', failing(401), 'the reason', { status: 401, cause: AuthenticationError }),
  refused('403', failing(403), 'the reason', { status: 403, cause: AuthenticationError }),
  refused(
    '400 for an unknown key',
    failing(400, 'Unknown auth_key\n'),
    '400: Unknown auth_key (check the credentials',
    {
      status: 400,
      cause: AuthenticationError,
    },
  ),
  refused('403 over quota', failing(403, 'Account over quota\n'), '403: Account over quota (the application has used', {
    status: 403,
    cause: RateLimitError,
  }),
  refused('413', failing(413), 'the reason', { status: 413 }),
  notNow('429', faults.tooManyRequests(), 'Too Many', { status: 429, cause: RateLimitError }),
  inDoubt('500', failing(500), 'the reason', { status: 500 }),
  inDoubt('502 without content type', faults.badGateway, 'Bad Gateway', { status: 502 }),
  notNow('503', failing(503, ''), 'Pusher answered 503', { status: 503 }),
  inDoubt('a stall before the headers', faults.stalledHeaders, '150 ms', { cause: TimeoutError }),
  inDoubt('a stall in the body', faults.stalledBody, '150 ms', { cause: TimeoutError }),
  inDoubt('a reset before the answer', faults.resetBeforeAnswer, 'was lost (ECONNRESET)'),
  inDoubt('a reset in the body', faults.resetInBody, 'was lost (E'),
  inDoubt('a reset in the body of a failure', resetInFailure, 'was lost (E'),
  refused('304', failing(304), 'Pusher answered 304', { status: 304 }),
];

/** Sends, and checks afterwards that the same service works and that nothing is left open. */
async function failureAndAfter(started: Started, fault: faults.Fault, timeout: number): Promise<DeliveryError> {
  const { provider, push } = started;
  provider.server.faults.push(fault);
  const error = await failureOf(DeliveryError, push.send({ channels: ['a', 'b'], data: { n: 1 }, timeout }));
  const report = await push.send({ channels: ['a', 'b'], data: { n: 2 } });
  expect(report.status).toBe('accepted');
  await expect.poll(() => provider.server.openConnections).toBe(1);
  return error;
}

function expectNoSecret(provider: PusherProvider, ...shown: unknown[]): void {
  for (const value of shown) {
    const text = everythingShown(value);
    for (const secret of provider.secrets) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/[0-9a-f]{64}/i);
  }
}

describe('a request that fails', () => {
  test.each(cases)('with $what', async ({ fault, cause, retryable, outcome, status, words }) => {
    const logger = new RecordingLogger();
    const started = await start({ logger });
    const error = await failureAndAfter(started, fault, cause === TimeoutError ? 150 : 10_000);
    expect(error.cause).toBeInstanceOf(cause);
    expect(error.message).toContain(words);
    expect(error).toMatchObject({ retryable, outcome, status });
    expect(error.report?.rejected.map(({ channel }) => channel)).toEqual(['a', 'b']);
    expectNoSecret(started.provider, error, error.report, logger.entries);
  });

  test('as a batch, with all of its messages', async () => {
    const { provider, push } = await start();
    provider.server.faults.push(failing(500));
    const error = await failureOf(
      DeliveryError,
      push.sendMany([
        { channels: 'a', data: 1 },
        { channels: 'private-encrypted-b', data: 2 },
      ]),
    );
    expect(error.outcome).toBe('unknown');
    expectNoSecret(provider, error);
  });

  test('because nobody listens was never sent', async () => {
    const port = await freePort();
    const { provider, push } = await start({ options: { port } });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error).toMatchObject({ retryable: true, outcome: 'rejected' });
    expect(error.message).toContain(`Pusher at http://127.0.0.1:${port} cannot be reached: ECONNREFUSED`);
    expectNoSecret(provider, error);
  });

  test('because the host is unknown was never sent', async () => {
    const { provider, push } = await start({ options: { host: 'no-such-host.invalid' } });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error).toMatchObject({ retryable: true, outcome: 'rejected' });
    expectNoSecret(provider, error);
  });

  test('over TLS with an unknown certificate was never sent, and is not tried again', async () => {
    const { provider, push } = await start({ tls: true, retries: 3, options: { agent: undefined } });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error).toMatchObject({ retryable: false, outcome: 'rejected' });
    expect(error.message).toContain('is not trusted (');
    expect(error.report?.attempts).toBe(1);
    expectNoSecret(provider, error);
  });

  test('because the server speaks no TLS was never sent', async () => {
    const { provider, push } = await start({ useSsl: true });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error).toMatchObject({ retryable: false, outcome: 'rejected' });
    expect(error.message).toContain('"useSsl"');
    expectNoSecret(provider, error);
  });

  test('with an unknown key says what to check', async () => {
    const { push } = await start({ pubKey: 'another-key' });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.cause).toBeInstanceOf(AuthenticationError);
    expect(error.message).toContain('the option "cluster"');
  });

  test('with the wrong secret says so, and shows no signature', async () => {
    const { provider, push } = await start({ secretKey: 'another-secret-key' });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.cause).toBeInstanceOf(AuthenticationError);
    expect(PushError.is(error, AuthenticationError)).toBe(true);
    expect(error.message).toContain('Invalid signature');
    expect(everythingShown(error)).not.toContain('another-secret-key');
    expectNoSecret({ ...provider, secrets: provider.secrets.slice(0, 3) }, error);
  });
});

describe('a provider that asks to wait', () => {
  test.each([
    ['2', 2000],
    [undefined, undefined],
  ])('Retry-After: %s', async (header, retryAfter) => {
    const { provider, push } = await start();
    provider.server.faults.push(faults.tooManyRequests(header));
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.cause).toMatchObject({ retryAfter });
  });

  test('is waited for', async () => {
    const { provider, push } = await start({ retries: 1 });
    provider.server.faults.push(faults.tooManyRequests('0'));
    const report = await push.send({ channels: 'a', data: 1 });
    expect(report).toMatchObject({ status: 'accepted', attempts: 2 });
  });
});

describe('a success', () => {
  test.each([
    ['whose body is no JSON', faults.wrongJson],
    ['without a body', faults.answering({ status: 202, body: '' })],
  ])('%s is one, also when attributes were asked for', async (_what, fault) => {
    const { provider, push } = await start();
    provider.server.faults.push(fault, fault);
    const backendOptions = { info: 'user_count' };
    const report = await push.send({ channels: ['a', 'b'], data: 1, backendOptions });
    expect(report).toMatchObject({ status: 'accepted', info: {} });
    const reports = await push.sendMany([
      { channels: 'a', data: 1, backendOptions },
      { channels: 'b', data: 1, backendOptions },
    ]);
    expect(reports.map(({ status, info }) => [status, info])).toEqual([
      ['accepted', {}],
      ['accepted', {}],
    ]);
  });

  test.each([[{ channels: null }], [{ channels: { a: null } }], [[1]], [{ batch: [null] }], [{ batch: 'x' }]])(
    'with the odd body %j has no attributes',
    async (body) => {
      const { provider, push } = await start();
      provider.server.always = faults.answering({ body });
      const backendOptions = { info: ['user_count'] };
      const report = await push.send({ channels: ['a', 'b'], data: 1, backendOptions });
      expect(report.info).toEqual({});
      const reports = await push.sendMany([
        { channels: 'a', data: 1, backendOptions },
        { channels: 'b', data: 1, backendOptions },
      ]);
      expect(reports.map(({ info }) => info)).toEqual([{}, {}]);
    },
  );
});

describe('a page in place of an answer', () => {
  test.each(['<!doctype html>', '\n  <html>'])(
    'as %j is no success, because something else has answered',
    async (body) => {
      const { provider, push, backend } = await start({ retries: 1 });
      provider.server.always = faults.answering({ body, headers: { 'content-type': 'text/html' } });
      const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
      expect(error).toMatchObject({ outcome: 'unknown', retryable: false });
      expect(error.message).toContain('Check that the host serves the Pusher Channels HTTP API.');
      const messages = ['a', 'b'].map((channels) => ({ channels, data: 1 }));
      expect((await failureOf(DeliveryError, push.sendMany(messages))).outcome).toBe('unknown');
      await failureOf(DeliveryError, backend.sendToUser('ann', 'x', 1));
    },
  );
});

describe('a redirect', () => {
  test('shows no secret, wherever it leads', async () => {
    const { provider, backend } = await start();
    const [secret = ''] = provider.secrets;
    provider.server.faults.push(faults.redirectTo(`http://${secret}.example.com/`));
    expectNoSecret(provider, await failureOf(DeliveryError, backend.get({ path: '/channels' })));
  });

  test.each([301, 307])('with %i to another host is not followed, and nothing goes there', async (status) => {
    const { provider, push } = await start({ retries: 3 });
    const other = await startPusherProvider();
    onTestFinished(() => other.close());
    provider.server.faults.push(
      faults.answering({ status, headers: { location: `${other.server.origin}/apps/12345/events` } }),
    );
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.message).toContain(`redirected the request to ${other.server.origin}`);
    expect(error).toMatchObject({ retryable: false, outcome: 'rejected' });
    expect(other.server.connections).toBe(0);
    expectNoSecret(provider, error);
  });

  test('on the same host is not followed either: it could turn the event into a query', async () => {
    const { provider, push } = await start();
    provider.server.faults.push(faults.redirectTo('/apps/12345/channels'));
    await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(provider.server.requests).toHaveLength(1);
  });
});
