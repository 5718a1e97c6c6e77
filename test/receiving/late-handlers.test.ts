import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createPushService,
  type PushService,
  PushServiceWrapper,
  TimeoutError,
  type WebhookEvent,
  type WebhookRequest,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** Believes what it is sent: a list of events. */
class TrustingBackend extends PushServiceWrapper {
  protected override async sendData(): Promise<void> {}

  override async parseWebhook({ rawBody }: WebhookRequest): Promise<readonly WebhookEvent[]> {
    return JSON.parse(Buffer.from(rawBody).toString()) as WebhookEvent[];
  }
}

const TIMEOUT_MS = 500;
let backend = new TrustingBackend();
let logger = new RecordingLogger();
let push: PushService;

beforeEach(() => {
  vi.useFakeTimers();
  backend = new TrustingBackend();
  logger = new RecordingLogger();
  push = createPushService({ backend, logger, timeout: TIMEOUT_MS, closeTimeout: 3_000 });
});

afterEach(() => void vi.useRealTimers());

function webhook(...ids: readonly string[]): Parameters<PushService['webhook']>[0] {
  const events = ids.map((id) => ({
    id,
    type: 'channelOccupied',
    channel: id,
    backend: 'trusting',
    time: 0,
    raw: null,
  }));
  return { headers: {}, rawBody: JSON.stringify(events) };
}

/** A handler that ends each event when it is told to. */
function slowHandler(): {
  begun: string[];
  ends: PromiseWithResolvers<void>[];
  handle: (event: WebhookEvent) => unknown;
} {
  const state = {
    begun: [] as string[],
    ends: [] as PromiseWithResolvers<void>[],
    handle: ({ id }: WebhookEvent): Promise<void> => {
      state.begun.push(id);
      const end = Promise.withResolvers<void>();
      state.ends.push(end);
      return end.promise;
    },
  };
  return state;
}

async function late(call: Promise<unknown>): Promise<TimeoutError> {
  const failure = failureOf(TimeoutError, call);
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
  return failure;
}

describe('a handler of webhooks that does not end', () => {
  it('ends the call with the setting `timeout`; the events after it are not begun', async () => {
    const { begun, handle } = slowHandler();
    const error = await late(push.webhook(webhook('a', 'b'), handle));
    expect(error.message).toBe(
      'The handler of webhooks did not end with the event "channelOccupied" within 500 ms: the event goes on being handled, and nothing was sent.',
    );
    expect(begun).toEqual(['a']);
  });

  it('is not called a second time when the event comes again, which is answered as late again', async () => {
    const { begun, ends, handle } = slowHandler();
    await late(push.webhook(webhook('a'), handle));
    await late(push.webhook(webhook('a'), handle));
    expect(begun).toEqual(['a']);
    ends[0]?.resolve();
    expect(await push.webhook(webhook('a'), handle)).toEqual([]);
    expect(begun).toEqual(['a']);
    expect(logger.entries).toEqual([]);
  });

  it('and fails afterwards is logged, and called again when the event comes again', async () => {
    const { begun, ends, handle } = slowHandler();
    await late(push.webhook(webhook('a'), handle));
    const failure = new Error('the database is gone');
    ends[0]?.reject(failure);
    await vi.advanceTimersByTimeAsync(0);
    expect(logger.entries).toEqual([
      {
        level: 'error',
        details: { err: failure, event: 'channelOccupied' },
        text: 'a webhook handler failed after its time; the event is handled again when it comes again',
      },
    ]);
    const again = push.webhook(webhook('a'), handle);
    await vi.advanceTimersByTimeAsync(0);
    ends[1]?.resolve();
    expect(await again).toMatchObject([{ id: 'a' }]);
    expect(begun).toEqual(['a', 'a']);
  });

  it('shares the time with the other events of its webhook', async () => {
    const { begun, ends, handle } = slowHandler();
    const call = failureOf(TimeoutError, push.webhook(webhook('a', 'b'), handle));
    await vi.advanceTimersByTimeAsync(400);
    ends[0]?.resolve();
    await vi.advanceTimersByTimeAsync(100);
    await call;
    expect(begun).toEqual(['a', 'b']);
  });

  it('is waited for by close(), for `closeTimeout` at most', async () => {
    const { handle, ends } = slowHandler();
    await late(push.webhook(webhook('a'), handle));
    await late(push.webhook(webhook('b'), handle));
    let isClosed = false;
    const closing = push.close().then(() => {
      isClosed = true;
    });
    ends[0]?.resolve();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await closing;
    expect(logger.entries).toMatchObject([{ level: 'warn', details: { leftBehind: ['1 webhook handler'] } }]);
  });
});

it('a backend that never reads a webhook ends the call', async () => {
  backend.parseWebhook = () => new Promise(() => {});
  const error = await late(push.webhook(webhook('a')));
  expect(error.message).toBe(
    'The TrustingBackend backend did not read a webhook within 500 ms: nothing was handled, and nothing was sent.',
  );
});
