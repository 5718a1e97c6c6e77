import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FailoverService } from '../../src/backends/composite/failover.js';
import {
  type AnyBackend,
  type BackendSettings,
  createPushService,
  type PushService,
  PushServiceWrapper,
  type SharedMemory,
  TimeoutError,
  type WebhookEvent,
  type WebhookHandler,
  type WebhookRequest,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingLogger } from '../support/recording-logger.js';

const MINUTE_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** A memory that goes by the test's clock. */
class FakeMemory implements SharedMemory {
  readonly endsAt = new Map<string, number>();
  /** How often it was asked. */
  asked = 0;
  failure: Error | undefined;
  isMute = false;

  async isFirst(key: string, ttlMs: number): Promise<boolean> {
    await this.#answering();
    if ((this.endsAt.get(key) ?? 0) > performance.now()) return false;
    this.endsAt.set(key, performance.now() + ttlMs);
    return true;
  }

  async forget(key: string): Promise<void> {
    await this.#answering();
    this.endsAt.delete(key);
  }

  async #answering(): Promise<void> {
    this.asked++;
    if (this.failure !== undefined) throw this.failure;
    if (this.isMute) await new Promise(() => {});
  }
}

/** Believes what it is sent: a list of events. */
class TrustingBackend extends PushServiceWrapper {
  readonly #memory: SharedMemory;

  constructor(memory: SharedMemory, settings: BackendSettings = {}) {
    super(settings);
    this.#memory = memory;
  }

  protected override async sendData(): Promise<void> {}

  override get sharedMemory(): SharedMemory {
    return this.#memory;
  }

  override parseWebhook({ rawBody }: WebhookRequest): readonly WebhookEvent[] {
    return JSON.parse(Buffer.from(rawBody).toString()) as WebhookEvent[];
  }
}

let memory: FakeMemory;
let logger: RecordingLogger;

beforeEach(() => {
  vi.useFakeTimers();
  memory = new FakeMemory();
  logger = new RecordingLogger();
});

afterEach(() => void vi.useRealTimers());

/** A process with the memory. */
function processOf(settings: { name?: string; backend?: AnyBackend } = {}): PushService {
  const push = createPushService({ backend: new TrustingBackend(memory), logger, timeout: TIMEOUT_MS, ...settings });
  onTestFinished(() => push.close());
  return push;
}

function webhook(...ids: readonly string[]): Parameters<PushService['webhook']>[0] {
  const events = ids.map((id) => ({ id, type: 'channelOccupied', channel: id, backend: 'trusting', time: 0 }));
  return { headers: {}, rawBody: JSON.stringify(events) };
}

function said(id: string): Parameters<PushService['webhook']>[0] {
  const event = { id, type: 'clientEvent', channel: 'private-chat', event: 'client-typing', data: 1 };
  return { headers: {}, rawBody: JSON.stringify([{ ...event, backend: 'trusting', time: 0 }]) };
}

async function idsOf(events: Promise<readonly WebhookEvent[]>): Promise<readonly string[]> {
  return (await events).map(({ id }) => id);
}

/** A handler that ends when it is told to. */
function slowHandler(): { begun: string[]; ends: PromiseWithResolvers<void>[]; handle: WebhookHandler } {
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

describe('an event that comes to two processes', () => {
  it('is handled by the first one, and dropped by the other, also when it comes there again', async () => {
    const [one, two] = [processOf(), processOf()];
    const handle = vi.fn();
    expect(await idsOf(one.webhook(webhook('a', 'b'), handle))).toEqual(['a', 'b']);
    expect(await idsOf(two.webhook(webhook('b', 'c'), handle))).toEqual(['c']);
    expect(handle.mock.calls.map(([{ id }]) => id)).toEqual(['a', 'b', 'c']);
    const { asked } = memory;
    expect(await idsOf(two.webhook(webhook('b', 'c'), handle))).toEqual([]);
    expect(await idsOf(one.webhook(webhook('a'), handle))).toEqual([]);
    expect(memory.asked).toBe(asked);
  });

  it('waits in the other while the first one handles it', async () => {
    const [one, two] = [processOf(), processOf()];
    const slow = slowHandler();
    const first = idsOf(one.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a']));
    const second = idsOf(two.webhook(webhook('a'), slow.handle));
    await vi.advanceTimersByTimeAsync(5_000);
    // It asks less and less often.
    expect(memory.asked).toBeLessThan(15);
    slow.ends[0]?.resolve();
    expect(await first).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await second).toEqual([]);
    expect(slow.begun).toEqual(['a']);
  });

  it('is handled by the other when the first one fails', async () => {
    const [one, two] = [processOf(), processOf()];
    const slow = slowHandler();
    const first = failureOf(Error, one.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a']));
    const second = idsOf(two.webhook(webhook('a'), slow.handle));
    slow.ends[0]?.reject(new Error('the database is down'));
    expect((await first).message).toBe('the database is down');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(slow.begun).toEqual(['a', 'a']);
    slow.ends[1]?.resolve();
    expect(await second).toEqual(['a']);
    expect(await idsOf(one.webhook(webhook('a'), slow.handle))).toEqual([]);
  });

  it('is not answered in the other while the first one takes longer than the time, and nothing is dropped', async () => {
    const [one, two] = [processOf(), processOf()];
    const slow = slowHandler();
    const first = failureOf(TimeoutError, one.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a']));
    const second = failureOf(TimeoutError, two.webhook(webhook('a'), slow.handle));
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect((await first).message).toContain('The handler of webhooks did not end');
    expect((await second).message).toBe(
      'Another process handles the same event of a webhook, and has not ended in time: the event is asked for again when it comes again, and nothing was sent.',
    );
    slow.ends[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(await idsOf(two.webhook(webhook('a'), slow.handle))).toEqual([]);
    expect(logger.entries.filter(({ level }) => level !== 'debug')).toEqual([]);
  });

  it('is handled by the other a minute after the first one has died', async () => {
    const [one, two] = [processOf(), processOf()];
    const slow = slowHandler();
    const dead = failureOf(TimeoutError, one.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a']));
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    await dead;
    const handle = vi.fn();
    expect(await idsOf(two.webhook(webhook('a'), handle))).toEqual(['a']);
    // What it does after its time takes nothing away from the other one.
    slow.ends[0]?.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(await idsOf(processOf().webhook(webhook('a'), handle))).toEqual([]);
    expect(handle).toHaveBeenCalledOnce();
  });

  it('is known for two hours also when the look of a slow process was in the way', async () => {
    const [one, two] = [processOf(), processOf()];
    const slow = slowHandler();
    const late = failureOf(TimeoutError, one.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a']));
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    await late;
    const second = idsOf(two.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a', 'a']));
    for (const end of slow.ends) end.resolve();
    expect(await second).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(2 * 60 * MINUTE_MS - 1);
    expect(await idsOf(processOf().webhook(webhook('a')))).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await idsOf(processOf().webhook(webhook('a')))).toEqual(['a']);
  });

  it('fires messageReceived in one of them, once, also when handling it failed there', async () => {
    const processes = [processOf(), processOf()];
    const received = vi.fn();
    for (const push of processes) push.on('messageReceived', received);
    const [one, two] = processes as [PushService, PushService];
    await failureOf(
      Error,
      one.webhook(said('a'), () => Promise.reject(new Error('no'))),
    );
    const handle = vi.fn();
    expect(await idsOf(two.webhook(said('a'), handle))).toEqual(['a']);
    expect(await idsOf(one.webhook(said('a'), handle))).toEqual([]);
    expect([received.mock.calls.length, handle.mock.calls.length]).toEqual([1, 1]);
    expect(received.mock.calls[0]).toEqual([{ channel: 'private-chat', event: 'client-typing', data: 1 }]);
  });

  it('is handled once by each service of another name', async () => {
    const handle = vi.fn();
    for (const name of ['shop', 'mail', 'shop']) await processOf({ name }).webhook(webhook('a'), handle);
    expect(handle).toHaveBeenCalledTimes(2);
  });

  it('is handled once where the backend is one of a composite', async () => {
    class Plain extends PushServiceWrapper {
      protected override async sendData(): Promise<void> {}
    }
    const handle = vi.fn();
    for (const _ of [1, 2]) {
      const backend = new FailoverService({ options: { backends: [new Plain(), new TrustingBackend(memory)] } });
      await processOf({ backend }).webhook(webhook('a'), handle);
    }
    expect(handle).toHaveBeenCalledOnce();
  });

  it('has short keys, whatever its id', async () => {
    await processOf().webhook(said('x'.repeat(5_000)));
    for (const key of memory.endsAt.keys()) expect(key).toMatch(/^webhook:[\w-]{43}:(?:owned|handled|announced)$/);
    expect(memory.endsAt.size).toBeGreaterThan(0);
  });
});

describe('a memory that is away', () => {
  const away =
    'the memory of handled webhook events that all processes share is away: until it is back, an event that comes to several processes is handled by each';
  const back = 'the memory of handled webhook events that all processes share is back';

  function lines(): readonly string[] {
    return logger.entries.filter(({ level }) => level !== 'debug').map(({ level, text }) => `${level} ${text}`);
  }

  it('leaves each process to its own memory, and is asked again after some seconds; the log tells both', async () => {
    const [one, two] = [processOf(), processOf()];
    const handle = vi.fn();
    memory.failure = new Error('Redis is away');
    for (const push of [one, two, one]) await push.webhook(webhook('a', 'b'), handle);
    expect(handle).toHaveBeenCalledTimes(4);
    expect(lines()).toEqual([`warn ${away}`, `warn ${away}`]);
    expect(memory.asked).toBe(2);
    memory.failure = undefined;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await idsOf(one.webhook(webhook('c'), handle))).toEqual(['c']);
    expect(await idsOf(two.webhook(webhook('c'), handle))).toEqual([]);
    expect(lines().slice(2)).toEqual([`info ${back}`, `info ${back}`]);
  });

  it('keeps nobody waiting for more than 2 s', async () => {
    const push = processOf();
    const handle = vi.fn();
    memory.isMute = true;
    const taken = idsOf(push.webhook(webhook('a', 'b'), handle));
    await vi.advanceTimersByTimeAsync(1_999);
    expect(handle).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await taken).toEqual(['a', 'b']);
    expect(lines()).toEqual([`warn ${away}`]);
  });

  it('in the middle of an event changes nothing for whoever handles it', async () => {
    const push = processOf();
    const slow = slowHandler();
    const taken = idsOf(push.webhook(webhook('a'), slow.handle));
    await vi.waitFor(() => expect(slow.begun).toEqual(['a']));
    memory.failure = new Error('Redis is away');
    slow.ends[0]?.resolve();
    expect(await taken).toEqual(['a']);
    expect(await idsOf(push.webhook(webhook('a')))).toEqual([]);
  });

  it('shows none of the secrets of the settings', async () => {
    const backend = new TrustingBackend(memory, { secretKey: 'keep-this-to-yourself' });
    memory.failure = new Error('redis://user:keep-this-to-yourself@redis.internal is away');
    await processOf({ backend }).webhook(webhook('a'));
    expect(
      JSON.stringify(logger.entries) + String(logger.entries.map(({ details }) => Reflect.get(details, 'err'))),
    ).not.toContain('keep-this');
    expect(lines()).toEqual([`warn ${away}`]);
  });
});
