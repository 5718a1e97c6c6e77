import { describe, expect, it } from 'vitest';
import { ConfigurationError, createPushService, type PushServerSettings, type PushService } from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';

/** A backend that opens when it is told. */
class SlowBackend extends RecordingBackend {
  readonly opening = Promise.withResolvers<void>();

  override async open(): Promise<void> {
    await this.opening.promise;
  }
}

interface Services {
  readonly live: SlowBackend;
  readonly mobile: SlowBackend;
  readonly clock: TestClock;
  readonly push: PushService;
}

/** A service of two slow backends on a store in which a message for `mobile` and one for `live` are due. */
async function twoOnDueMessages(settings: Partial<PushServerSettings> = {}): Promise<Services> {
  const messages = memoryMessages();
  const clock = new TestClock();
  const all = { messages, clock, logger: new RecordingLogger(), ...settings };
  const sender = { ...all, worker: false, backends: { live: 'console:', mobile: 'console:' } };
  const recorder = createPushService(sender as PushServerSettings);
  for (const via of ['mobile', 'live'])
    await recorder.send({ event: 'hello', channels: 'a', via, wait: false } as never);
  await recorder.close();
  const [live, mobile] = [new SlowBackend(), new SlowBackend()];
  const push = createPushService({ ...all, backends: { live, mobile } } as PushServerSettings);
  return { live, mobile, clock, push };
}

describe('a message for a backend that is still opening', () => {
  it('is sent by the worker as soon as the backend is open, and those by others go on', async () => {
    const { live, mobile, clock, push } = await twoOnDueMessages();
    await using _ = push;
    const events: string[] = [];
    push.on('sent', ({ backend = '' }) => events.push(backend));
    live.opening.resolve();
    await clock.advance(1_000);
    expect([live.sent, mobile.sent, events]).toEqual([[['a']], [], ['live']]);
    mobile.opening.resolve();
    await clock.advance(0);
    expect([mobile.sent, events]).toEqual([[['a']], ['live', 'mobile']]);
  });

  it('waits without spending an attempt once the opening has failed', async () => {
    const { live, mobile, clock, push } = await twoOnDueMessages();
    await using _ = push;
    live.opening.resolve();
    await clock.advance(1_000);
    mobile.opening.reject(new Error('no key'));
    await clock.advance(1_000);
    const { messages } = await push.messages.find({ state: 'WAITING' });
    expect(messages).toMatchObject([{ event: 'hello', attempts: 0, via: ['mobile'] }]);
    expect([live.sent, mobile.sent]).toEqual([[['a']], []]);
  });

  it('is sent by sendBatch(), which waits until each backend has opened', async () => {
    const { live, mobile, push } = await twoOnDueMessages({ worker: false });
    await using _ = push;
    const batch = push.sendBatch();
    live.opening.resolve();
    setImmediate(() => mobile.opening.resolve());
    expect(await batch).toMatchObject({ sent: 2, left: 0 });
    expect([live.sent, mobile.sent]).toEqual([[['a']], [['a']]]);
  });
});

describe('sendBatch()', () => {
  it('sends by the others when the first backend cannot be opened', async () => {
    const { live, mobile, push } = await twoOnDueMessages({ worker: false });
    await using _ = push;
    live.opening.reject(new Error('no key'));
    mobile.opening.resolve();
    expect(await push.sendBatch()).toMatchObject({ sent: 1, left: 1 });
    expect([live.sent, mobile.sent]).toEqual([[], [['a']]]);
  });

  it('throws when no backend can be opened', async () => {
    const { live, mobile, push } = await twoOnDueMessages({ worker: false });
    await using _ = push;
    live.opening.reject(new ConfigurationError('no key of live'));
    mobile.opening.reject(new ConfigurationError('no key of mobile'));
    const error = await failureOf(ConfigurationError, () => push.sendBatch());
    expect(error.message).toBe('no key of live');
  });
});
