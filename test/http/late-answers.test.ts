import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPushHandler, type PushHandlerOptions } from '../../src/http/index.js';
import { createPushService, type PushService, type SessionAdapter } from '../../src/index.js';
import { RecordingLogger } from '../support/recording-logger.js';

const keys = { appId: 'shop', pubKey: 'shop-key', secretKey: 'keep-this-to-yourself' };
const page = 'https://shop.example';
const TIMEOUT_MS = 500;

let logger = new RecordingLogger();
let push: PushService;

beforeEach(() => {
  vi.useFakeTimers();
  logger = new RecordingLogger();
});

afterEach(async () => {
  vi.useRealTimers();
  await push.close();
});

function never(): Promise<never> {
  return new Promise(() => {});
}

function setUp(options: PushHandlerOptions, sessions?: SessionAdapter): (request: Request) => Promise<Response> {
  push = createPushService({ backend: 'websocket', ...keys, logger, sessions, timeout: TIMEOUT_MS });
  return createPushHandler(push, { authenticate: () => 'ann', ...options });
}

function post(path: string): Request {
  const body = new URLSearchParams({ socket_id: '1.2', channel_name: 'private-orders' });
  return new Request(`${page}${path}`, { method: 'POST', body });
}

function get(path: string): Request {
  return new Request(`${page}${path}`);
}

/** Waits for the answer while time passes: it must come at the deadline, with 504, and say nothing of the reason. */
async function expectLate(answer: Promise<Response>): Promise<void> {
  let isAnswered = false;
  void answer.then(() => {
    isAnswered = true;
  });
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
  expect(isAnswered).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  const response = await answer;
  expect([response.status, await response.json()]).toEqual([504, { error: 'The server failed.' }]);
}

function logged(): string | undefined {
  expect(logger.entries).toHaveLength(1);
  const { level, details } = logger.entries[0] as (typeof logger.entries)[0];
  expect(level).toBe('error');
  return 'err' in details && details.err instanceof Error ? details.err.message : undefined;
}

describe('a request to the push handler is answered with 504 at the deadline, and logged', () => {
  it.each([
    ['/push/auth', post('/push/auth')],
    ['/push/user-auth', post('/push/user-auth')],
    ['/push/config', get('/push/config')],
  ])('when authenticate never answers: %s', async (_, request) => {
    await expectLate(setUp({ authenticate: never })(request));
    expect(logged()).toBe(
      'authenticate() did not answer within 500 ms: the request was given up, and nothing was sent.',
    );
  });

  it.each([
    ['/push/auth', post('/push/auth')],
    ['/push/config', get('/push/config')],
  ])('when the option session never answers: %s', async (_, request) => {
    await expectLate(setUp({ session: never })(request));
    expect(logged()).toBe('session() did not answer within 500 ms: the request was given up, and nothing was sent.');
  });

  it.each([
    ['/push/auth', post('/push/auth'), 'nothing was authorised, and nothing was sent'],
    ['/push/config', get('/push/config'), 'no configuration was made, and nothing was sent'],
  ])('when the session adapter never answers: %s', async (_, request, consequence) => {
    await expectLate(setUp({}, { channelsFor: never })(request));
    expect(logged()).toBe(`The session adapter did not answer within 500 ms: ${consequence}.`);
  });

  it('when a rule never answers', async () => {
    const handler = setUp({});
    push.authorize('private-orders', never);
    await expectLate(handler(post('/push/auth')));
    expect(logged()).toBe(
      'The rule for "private-orders" did not answer within 500 ms: nothing was authorised, and nothing was sent.',
    );
  });
});
