import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  AuthenticationError,
  DeliveryError,
  type DeliveryOutcome,
  RateLimitError,
  TimeoutError,
} from '../../../src/index.js';
import {
  answering,
  badGateway,
  type Fault,
  redirectTo,
  resetBeforeAnswer,
  resetInBody,
  stalledBody,
  stalledHeaders,
  tooManyRequests,
  wrongJson,
} from '../../providers/faults.js';
import { type PusherProvider, startPusherProvider } from '../../providers/pusher-provider.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { type Started, start } from './support/start.js';

/** A 502 in the middle of whose body the connection is reset. */
const resetInFailure: Fault = (_answer, response) => {
  response.writeHead(502, { 'content-length': 1000 });
  response.write('<html>', () => response.socket?.resetAndDestroy());
};

interface Case {
  readonly what: string;
  readonly fault: Fault;
  readonly cause: new (...parameters: never[]) => Error;
  readonly retryable: boolean;
  readonly outcome: DeliveryOutcome;
  readonly status?: number;
  readonly words: string;
}

const failing = (status: number, body: unknown = 'the reason'): Fault => answering({ status, body });

const cases: readonly Case[] = [
  {
    what: 'a refusal',
    fault: failing(400),
    cause: DeliveryError,
    retryable: false,
    outcome: 'rejected',
    status: 400,
    words: 'Pusher answered 400: the reason',
  },
  {
    what: '401',
    fault: failing(401),
    cause: AuthenticationError,
    retryable: false,
    outcome: 'rejected',
    status: 401,
    words: 'the reason',
  },
  {
    what: '403',
    fault: failing(403),
    cause: AuthenticationError,
    retryable: false,
    outcome: 'rejected',
    status: 403,
    words: 'the reason',
  },
  {
    what: '413',
    fault: failing(413),
    cause: DeliveryError,
    retryable: false,
    outcome: 'rejected',
    status: 413,
    words: 'the reason',
  },
  {
    what: '429',
    fault: tooManyRequests(),
    cause: RateLimitError,
    retryable: true,
    outcome: 'rejected',
    status: 429,
    words: 'Too Many',
  },
  {
    what: '500',
    fault: failing(500),
    cause: DeliveryError,
    retryable: true,
    outcome: 'unknown',
    status: 500,
    words: 'the reason',
  },
  {
    what: '502 without content type',
    fault: badGateway,
    cause: DeliveryError,
    retryable: true,
    outcome: 'unknown',
    status: 502,
    words: 'Bad Gateway',
  },
  {
    what: '503',
    fault: failing(503, ''),
    cause: DeliveryError,
    retryable: true,
    outcome: 'rejected',
    status: 503,
    words: 'Pusher answered 503',
  },
  {
    what: 'a stall before the headers',
    fault: stalledHeaders,
    cause: TimeoutError,
    retryable: true,
    outcome: 'unknown',
    words: '150 ms',
  },
  {
    what: 'a stall in the body',
    fault: stalledBody,
    cause: TimeoutError,
    retryable: true,
    outcome: 'unknown',
    words: '150 ms',
  },
  {
    what: 'a reset before the answer',
    fault: resetBeforeAnswer,
    cause: DeliveryError,
    retryable: true,
    outcome: 'unknown',
    words: 'was lost (ECONNRESET)',
  },
  {
    what: 'a reset in the body',
    fault: resetInBody,
    cause: DeliveryError,
    retryable: true,
    outcome: 'unknown',
    words: 'was lost (E',
  },
  {
    what: 'a reset in the body of a failure',
    fault: resetInFailure,
    cause: DeliveryError,
    retryable: true,
    outcome: 'unknown',
    words: 'was lost (E',
  },
  {
    what: '304',
    fault: failing(304),
    cause: DeliveryError,
    retryable: false,
    outcome: 'rejected',
    status: 304,
    words: 'Pusher answered 304',
  },
];

/** Sends, and checks afterwards that the same service works and that nothing is left open. */
async function failureAndAfter(started: Started, fault: Fault, timeout: number): Promise<DeliveryError> {
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
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
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

  test('with the wrong secret says so, and shows no signature', async () => {
    const { provider, push } = await start({ secretKey: 'another-secret-key' });
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.cause).toBeInstanceOf(AuthenticationError);
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
    provider.server.faults.push(tooManyRequests(header));
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.cause).toMatchObject({ retryAfter });
  });

  test('is waited for', async () => {
    const { provider, push } = await start({ retries: 1 });
    provider.server.faults.push(tooManyRequests('0'));
    const report = await push.send({ channels: 'a', data: 1 });
    expect(report).toMatchObject({ status: 'accepted', attempts: 2 });
  });
});

describe('a success', () => {
  test.each([
    ['whose body is no JSON', wrongJson],
    ['without a body', answering({ status: 202, body: '' })],
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
      provider.server.always = answering({ body });
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
      provider.server.always = answering({ body, headers: { 'content-type': 'text/html' } });
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
    provider.server.faults.push(redirectTo(`http://${secret}.example.com/`));
    expectNoSecret(provider, await failureOf(DeliveryError, backend.get({ path: '/channels' })));
  });

  test.each([301, 307])('with %i to another host is not followed, and nothing goes there', async (status) => {
    const { provider, push } = await start({ retries: 3 });
    const other = await startPusherProvider();
    onTestFinished(() => other.close());
    provider.server.faults.push(
      answering({ status, headers: { location: `${other.server.origin}/apps/12345/events` } }),
    );
    const error = await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(error.message).toContain(`redirected the request to ${other.server.origin}`);
    expect(error).toMatchObject({ retryable: false, outcome: 'rejected' });
    expect(other.server.connections).toBe(0);
    expectNoSecret(provider, error);
  });

  test('on the same host is not followed either: it could turn the event into a query', async () => {
    const { provider, push } = await start();
    provider.server.faults.push(redirectTo('/apps/12345/channels'));
    await failureOf(DeliveryError, push.send({ channels: 'a', data: 1 }));
    expect(provider.server.requests).toHaveLength(1);
  });
});
