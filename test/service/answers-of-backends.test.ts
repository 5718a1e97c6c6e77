import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { FailoverService } from '../../src/backends/composite/failover.js';
import { type AnyBackend, createPushService, type PushService, TimeoutError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

/** A backend that answers nothing but sends. It counts the calls of `subscribe` and `unsubscribe`. */
class SilentBackend extends RecordingBackend {
  /** Confirms all subscriptions that were asked for. */
  confirm: () => void = () => {};
  readonly #confirmed = new Promise<void>((resolve) => {
    this.confirm = resolve;
  });

  override async subscribe(channel: string): Promise<void> {
    await super.subscribe(channel);
    await this.#confirmed;
  }

  override channelInfo = never;
  override channelUsers = never;
  override authorizeChannel = never;
  override authenticateUser = never;
}

function never(): Promise<never> {
  return new Promise(() => {});
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function serviceOn(backend: AnyBackend): PushService {
  const push = createPushService({ backend, timeout: 500 });
  onTestFinished(() => push.close());
  push.authorize('private-{name}', () => true);
  return push;
}

/** The error that a call ends with, and how long it took, while time passes. */
async function lateFailure(work: () => Promise<unknown>): Promise<{ error: TimeoutError; afterMs: number }> {
  const before = Date.now();
  let afterMs = Number.NaN;
  const ended = failureOf(TimeoutError, work()).finally(() => {
    afterMs = Date.now() - before;
  });
  await vi.runAllTimersAsync();
  return { error: await ended, afterMs };
}

const questions: readonly [string, (push: PushService) => Promise<unknown>, string][] = [
  [
    'subscribe()',
    (push) => push.subscribe('a'),
    'subscribe to "a" within 500 ms: nothing is received from it, and nothing was sent.',
  ],
  [
    'messages()',
    (push) => push.messages('a').next(),
    'subscribe to "a" within 500 ms: nothing is received from it, and nothing was sent.',
  ],
  ['info() of a channel', (push) => push.channel('a').info(), 'tell about "a" within 500 ms: nothing was sent.'],
  [
    'users() of a channel',
    (push) => push.channel('a').users(),
    'list the users of "a" within 500 ms: nothing was sent.',
  ],
  [
    'authorize() of a channel',
    (push) => push.channel('private-a').authorize('1.2'),
    'authorise "private-a" within 500 ms: nothing was authorised, and nothing was sent.',
  ],
  [
    'authorizeChannel()',
    (push) => push.authorizeChannel({ channel: 'private-a', socketId: '1.2', user: 'ann' }),
    'authorise "private-a" within 500 ms: nothing was authorised, and nothing was sent.',
  ],
  [
    'authenticateUser()',
    (push) => push.authenticateUser({ socketId: '1.2', user: 'ann' }),
    'sign a user in within 500 ms: nothing was authorised, and nothing was sent.',
  ],
];

describe("a backend of somebody's own that never answers", () => {
  test.each(questions)('ends %s with the setting `timeout`', async (_what, call, words) => {
    const { error, afterMs } = await lateFailure(() => call(serviceOn(new SilentBackend())));
    expect(afterMs).toBe(500);
    expect(error.message).toBe(`The recording backend did not ${words}`);
    expect(error).toMatchObject({ backend: 'recording', outcome: 'rejected', retryable: true });
  });

  test.each(questions)('ends %s within a composite, too, and is named', async (_what, call, words) => {
    const silent = new SilentBackend();
    const other = new RecordingBackend();
    other.subscribe = never;
    const push = serviceOn(new FailoverService({ options: { backends: [silent, other] } }));
    const { error, afterMs } = await lateFailure(() => call(push));
    expect(afterMs).toBe(500);
    expect(error.message).toBe(`The recording backend did not ${words}`);
  });

  test('ends the authorisation of several channels', async () => {
    const backend = new SilentBackend();
    backend.authorizeChannels = never;
    const push = serviceOn(backend);
    const several = { channel: ['private-a', 'private-b'], socketId: '1.2', user: 'ann' };
    expect((await lateFailure(() => push.authorizeChannel(several))).error.message).toBe(
      'The recording backend did not authorise "private-a", "private-b" within 500 ms: nothing was authorised, and nothing was sent.',
    );
  });

  test('ends unsubscribe()', async () => {
    const backend = new RecordingBackend();
    const push = serviceOn(backend);
    await push.subscribe('a');
    backend.unsubscribe = never;
    const { error, afterMs } = await lateFailure(() => push.unsubscribe('a'));
    expect(afterMs).toBe(500);
    expect(error.message).toBe('The recording backend did not unsubscribe from "a" within 500 ms: nothing was sent.');
  });
});

describe('a subscription that comes about after its time', () => {
  test('is ended, because the application knows of none', async () => {
    const backend = new SilentBackend();
    await lateFailure(() => serviceOn(backend).subscribe('a'));
    expect(backend.calls).toEqual(['open', 'subscribe a']);
    backend.confirm();
    await vi.runAllTimersAsync();
    expect(backend.calls).toEqual(['open', 'subscribe a', 'unsubscribe a']);
  });

  test('stays when it is asked for once more meanwhile', async () => {
    const backend = new SilentBackend();
    const push = serviceOn(backend);
    await lateFailure(() => push.subscribe('a'));
    const again = push.subscribe('a');
    await vi.advanceTimersByTimeAsync(100);
    backend.confirm();
    await again;
    await vi.runAllTimersAsync();
    expect(backend.calls).toEqual(['open', 'subscribe a', 'subscribe a']);
  });
});

test('a composite goes on with the backend that confirms a subscription when another one does not answer', async () => {
  const [silent, able] = [new SilentBackend(), new RecordingBackend()];
  const push = serviceOn(new FailoverService({ options: { backends: [silent, able] } }));
  const heard: unknown[] = [];
  push.on('messageReceived', ({ data }) => heard.push(data));
  const subscribing = push.subscribe('a');
  await vi.advanceTimersByTimeAsync(500);
  await subscribing;
  able.receive({ channel: 'a', event: 'e', data: 1 });
  expect(heard).toEqual([1]);
});

test('a backend with deadlines of its own has as long as they say', async () => {
  class Patient extends RecordingBackend {
    override readonly hasOwnDeadlines: boolean = true;

    override async subscribe(): Promise<void> {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    }
  }
  const subscribing = serviceOn(new Patient()).subscribe('a');
  await vi.advanceTimersByTimeAsync(2_000);
  await subscribing;
});
