import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DeliveryError } from '../../../src/core/report.js';
import { ClusterNode } from '../../../src/server/relay/cluster-node.js';
import { DeafSpans } from '../../../src/server/relay/deaf-spans.js';
import type { TopicListener } from '../../../src/server/relay/listening.js';
import type { RelayConnection, SetChange } from '../../../src/server/relay/relay.js';
import { failureOf } from '../../support/failure-of.js';
import { MemoryRelay, RelayHub } from '../../support/memory-relay.js';
import { RecordingLogger } from '../../support/recording-logger.js';

/** A node of a hub, with its relay and what it logs. */
async function nodeOf(hub: RelayHub, leaseMs?: number, isServing = true) {
  const relay = new MemoryRelay(hub);
  const logger = new RecordingLogger();
  const { entries } = logger;
  const spans = new DeafSpans(() => logger);
  const node = new ClusterNode(relay, { logger: () => logger, spans, isServing, leaseMs });
  onTestFinished(() => node.close());
  await node.open();
  return { node, relay, entries, spans };
}

/** A listener that keeps what it hears. */
function ear(): TopicListener & { messages: string[]; changes: SetChange[]; misses: number } {
  const heard = {
    messages: [] as string[],
    changes: [] as SetChange[],
    misses: 0,
    message: (payload: Uint8Array) => void heard.messages.push(Buffer.from(payload).toString()),
    changed: (change: SetChange) => void heard.changes.push(change),
    missed: () => void heard.misses++,
  };
  return heard;
}

const text = (words: string): Buffer => Buffer.from(words);

function share(item: string, weight: number | undefined = 1) {
  return { topic: 'room', set: 'members', item, share: { weight }, isTold: true } as const;
}

describe('a node', () => {
  it('makes one update of what is held within one tick', async () => {
    const { node } = await nodeOf(new RelayHub());
    const update = vi.spyOn(node.connection, 'update');
    await Promise.all(['ann', 'bob', 'cho'].map((item) => node.hold(share(item))));
    expect(update.mock.calls.map(([, , , changes]) => changes.length)).toEqual([3]);
  });

  it('holds in the end what was asked for last', async () => {
    const { node } = await nodeOf(new RelayHub());
    const results = await Promise.all([
      node.hold(share('ann')),
      node.hold({ ...share('ann'), share: undefined }),
      node.hold(share('ann')),
    ]);
    expect(results.map((result) => result?.figures.items)).toEqual([0, 0, 1]);
    await node.hold({ ...share('ann'), share: undefined });
    expect((await node.connection.read('room', 'members')).items).toEqual([]);
  });

  it('publishes in order, and puts what comes while a call is under way into the next one', async () => {
    const { node } = await nodeOf(new RelayHub());
    const heard = ear();
    await node.listen('news', heard);
    const publish = vi.spyOn(node.connection, 'publish');
    const words = Array.from({ length: 50 }, (_, index) => String(index));
    const first = node.publish({ topic: 'news', payload: text(words[0] ?? '') });
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ...words.slice(1).map((word) => node.publish({ topic: 'news', payload: text(word) }))]);
    await node.caughtUp('news');
    expect(heard.messages).toEqual(words);
    expect(publish.mock.calls.map(([, , messages]) => messages.length)).toEqual([1, 49]);
  });

  it('says of each message of a call that failed what the relay says', async () => {
    const { node } = await nodeOf(new RelayHub());
    vi.spyOn(node.connection, 'publish').mockRejectedValueOnce(
      new DeliveryError('It is away.', { outcome: 'unknown', retryable: true }),
    );
    const ends = await Promise.allSettled(
      ['a', 'b'].map((word) => node.publish({ topic: 'news', payload: text(word) })),
    );
    expect(ends.map((end) => end.status === 'rejected' && (end.reason as DeliveryError).outcome)).toEqual([
      'unknown',
      'unknown',
    ]);
    await node.publish({ topic: 'news', payload: text('c') });
  });

  it.each([
    ['large', 70, 1_048_576],
    ['small', 140_000, 10],
  ])('refuses further %s messages when too much waits for a relay that stands still', async (_, count, bytes) => {
    const { node } = await nodeOf(new RelayHub());
    const { promise, resolve } = Promise.withResolvers<boolean>();
    vi.spyOn(node.connection, 'publish').mockImplementation(() => promise);
    const payload = Buffer.alloc(bytes);
    const waiting = Array.from({ length: count }, () => node.publish({ topic: 'news', payload }));
    const ends = Promise.allSettled(waiting);
    const error = await failureOf(DeliveryError, node.publish({ topic: 'news', payload }));
    expect([error.outcome, error.retryable]).toEqual(['rejected', true]);
    expect(error.message).toContain('too slowly');
    resolve(true);
    expect((await ends).filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(count * 0.8);
  });

  it('takes a new name where the relay does not know it any more, and holds everything again', async () => {
    const hub = new RelayHub();
    const [one, two] = [await nodeOf(hub), await nodeOf(hub)];
    await one.node.hold(share('ann'));
    const before = one.node.incarnationIn(0) ?? '';
    while (await two.node.connection.evict(0, before, { isOwn: true }));
    expect((await two.node.connection.read('room', 'members')).items).toEqual([]);
    await one.node.publish({ topic: 'news', payload: text('x') });
    expect(one.node.incarnationIn(0)).not.toBe(before);
    await one.node.caughtUp('room');
    expect((await two.node.connection.read('room', 'members')).items).toEqual([{ item: 'ann', value: '' }]);
  });

  it('refuses a message when the relay forgets it each time', async () => {
    const { node } = await nodeOf(new RelayHub());
    vi.spyOn(node.connection, 'publish').mockResolvedValue(false);
    const error = await failureOf(DeliveryError, node.publish({ topic: 'news', payload: text('x') }));
    expect(error.outcome).toBe('rejected');
  });

  it('refuses a message when the relay does not take it in again, because then it was not published', async () => {
    const { node } = await nodeOf(new RelayHub());
    vi.spyOn(node.connection, 'publish').mockResolvedValue(false);
    const cause = new DeliveryError('no answer', { outcome: 'unknown' });
    vi.spyOn(node.connection, 'register').mockRejectedValue(cause);
    const error = await failureOf(DeliveryError, node.publish({ topic: 'news', payload: text('x') }));
    expect([error.outcome, error.message]).toEqual(['rejected', expect.stringContaining('no answer')]);
  });

  it('does not publish what has waited for longer than its lease', async () => {
    const { node } = await nodeOf(new RelayHub(), 60);
    const publish = vi.spyOn(node.connection, 'publish').mockImplementation(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return false;
    });
    const first = failureOf(DeliveryError, node.publish({ topic: 'news', payload: text('first') }));
    await vi.waitFor(() => expect(publish).toHaveBeenCalled(), { interval: 1 });
    const second = failureOf(DeliveryError, node.publish({ topic: 'news', payload: text('second') }));
    expect((await Promise.all([first, second])).map(({ outcome }) => outcome)).toEqual(['rejected', 'rejected']);
    expect(publish).toHaveBeenCalledTimes(1);
  });

  it('renews its lease and gives up shares while the relay takes no new ones', async () => {
    const hub = new RelayHub();
    const { node, entries } = await nodeOf(hub);
    const other = await nodeOf(hub);
    await node.hold(share('ann'));
    await node.hold(share('bob'));
    const { update } = node.connection;
    let isFull = true;
    vi.spyOn(node.connection, 'update').mockImplementation((partition, incarnation, leaseMs, changes) =>
      isFull && changes.some((change) => change.share !== undefined)
        ? Promise.reject(new DeliveryError('full', { outcome: 'rejected' }))
        : update.call(node.connection, partition, incarnation, leaseMs, changes),
    );
    const held = node.hold(share('cho'));
    await node.hold({ ...share('ann'), share: undefined });
    // Nobody waits for the share that is refused.
    await Promise.all([other.node.caughtUp('room'), node.caughtUp('room')]);
    const read = async () => (await other.node.connection.read('room', 'members')).items.map(({ item }) => item);
    expect(await read()).toEqual(['bob']);
    isFull = false;
    await held;
    expect(await read()).toEqual(['bob', 'cho']);
    expect(entries.filter(({ text: words }) => words.includes('does not answer'))).toHaveLength(1);
    expect(entries.filter(({ text: words }) => words.includes('answers again'))).toHaveLength(1);
  });

  it('keeps what others are to know while the relay is away, and tells it later', async () => {
    const hub = new RelayHub();
    const { node, relay, entries } = await nodeOf(hub);
    const other = await nodeOf(hub);
    relay.cut();
    const held = node.hold(share('ann'));
    await vi.waitFor(() => expect(entries.map(({ text: words }) => words).join()).toContain('does not answer'));
    relay.mend();
    expect(await held).toMatchObject({ isRefused: false, figures: { items: 1 } });
    expect((await other.node.connection.read('room', 'members')).items).toHaveLength(1);
    expect(entries.filter(({ text: words }) => words.includes('does not answer'))).toHaveLength(1);
    expect(entries.at(-1)?.text).toContain('answers again');
  });

  it('evicts a node that shows no sign of life, whose members leave once', async () => {
    const hub = new RelayHub();
    const [dying, one, two] = [await nodeOf(hub, 60), await nodeOf(hub, 60), await nodeOf(hub, 60)];
    const heard = ear();
    await one.node.listen('room', heard);
    await dying.node.hold(share('ann'));
    dying.relay.cut();
    await vi.waitFor(() => expect(heard.changes.flatMap(({ left }) => left)).toEqual(['ann']), { timeout: 5000 });
    await Promise.all([one, two].map(({ node }) => node.caughtUp('room')));
    await one.node.caughtUp('room');
    expect(heard.changes.flatMap(({ left }) => left)).toEqual(['ann']);
    dying.relay.mend();
    await vi.waitFor(() => expect(heard.changes.at(-1)?.came).toEqual([{ item: 'ann', value: '' }]));
  });

  it('gives up all that it holds when it closes', async () => {
    const hub = new RelayHub();
    const [one, two] = [await nodeOf(hub), await nodeOf(hub)];
    await Promise.all(Array.from({ length: 450 }, (_, index) => one.node.hold(share(`user-${index}`))));
    await one.node.close();
    expect(await two.node.connection.figures([{ topic: 'room', set: 'members' }])).toEqual([{ items: 0, weight: 0 }]);
    expect(await one.node.hold(share('late'))).toBeUndefined();
    const error = await failureOf(DeliveryError, one.node.publish({ topic: 'news', payload: text('x') }));
    expect(error.outcome).toBe('rejected');
  });

  it('holds and gives up more than a call of a function may be given', async () => {
    const { node } = await nodeOf(new RelayHub());
    const topics = Array.from({ length: 130_000 }, (_, number) => `room-${number}`);
    vi.spyOn(node.connection, 'update').mockRejectedValueOnce(new DeliveryError('away', { outcome: 'unknown' }));
    const evict = vi.spyOn(node.connection, 'evict').mockResolvedValue(false);
    const held = topics.map((topic) => node.hold({ topic, set: 'subscribers', item: '', share: { weight: 1 } }));
    await Promise.all([...held, ...topics.map((topic) => node.caughtUp(topic))]);
    await node.close();
    expect(evict).toHaveBeenCalledTimes(1);
  });

  it('that serves nobody holds nothing, but publishes and listens', async () => {
    const hub = new RelayHub();
    const [worker, other] = [await nodeOf(hub, undefined, false), await nodeOf(hub)];
    const heard = ear();
    await worker.node.listen('news', heard);
    expect(await worker.node.hold(share('ann'))).toBeUndefined();
    await worker.node.publish({ topic: 'news', payload: text('x') });
    await vi.waitFor(() => expect(heard.messages).toEqual(['x']));
    await other.node.caughtUp('room');
    expect(other.node.nodes).toBe(1);
  });
});

describe('the topics of a node', () => {
  it('are asked for together, and those that are left before cost nothing', async () => {
    const { node } = await nodeOf(new RelayHub());
    const listen = vi.spyOn(node.connection, 'listen');
    const listening = Array.from({ length: 20 }, (_, index) => node.listen(`topic-${index}`, ear()));
    void node.listen('short', ear());
    node.leave('short');
    await Promise.all(listening);
    expect(listen.mock.calls.map(([, topics]) => topics.length)).toEqual([20]);
  });

  it('are heard again when they are taken up while they are being left', async () => {
    const { node } = await nodeOf(new RelayHub());
    const heard = ear();
    for (let times = 0; times < 5; times++) {
      await node.listen('news', heard);
      node.leave('news');
      await Promise.resolve();
    }
    await node.listen('news', heard);
    await node.publish({ topic: 'news', payload: text('x') });
    await node.caughtUp('news');
    expect(heard.messages).toEqual(['x']);
  });

  it('are asked for again when the relay has refused them', async () => {
    const { node } = await nodeOf(new RelayHub());
    vi.spyOn(node.connection, 'listen').mockRejectedValueOnce(new Error('away'));
    const heard = ear();
    await node.listen('news', heard);
    await node.publish({ topic: 'news', payload: text('x') });
    await node.caughtUp('news');
    expect(heard.messages).toEqual(['x']);
  });

  it('go on after a listener has failed', async () => {
    const { node, entries } = await nodeOf(new RelayHub());
    const heard = ear();
    await node.listen('news', { ...heard, message: () => expect.fail('it fails') });
    await node.listen('other', heard);
    await node.publish({ topic: 'news', payload: text('x') });
    await node.publish({ topic: 'other', payload: text('y') });
    await node.caughtUp('other');
    expect(heard.messages).toEqual(['y']);
    expect(entries.at(-1)?.text).toContain('could not be handled');
  });
});

describe('a time in which a node was deaf', () => {
  it('is told with its span, once for all that it hits', async () => {
    const hub = new RelayHub();
    const { node, relay, spans, entries } = await nodeOf(hub);
    const other = await nodeOf(hub);
    const heard = ear();
    await node.listen('news', heard);
    const told = vi.fn();
    const end = spans.listen(told);
    spans.listen(() => expect.fail('a listener fails'));
    relay.cut();
    const before = Date.now();
    await other.node.publish({ topic: 'news', payload: text('lost') });
    expect([spans.isDeaf, heard.misses]).toEqual([true, 0]);
    relay.mend();
    await vi.waitFor(() => expect(heard.misses).toBe(1));
    expect(told).toHaveBeenCalledExactlyOnceWith({ since: expect.any(Date), until: expect.any(Date), share: 1 });
    const [[{ since, until }]] = told.mock.calls as [[{ since: Date; until: Date }]];
    expect(since.getTime()).toBeLessThanOrEqual(before);
    expect(until.getTime()).toBeGreaterThanOrEqual(before);
    expect([spans.isDeaf, spans.count]).toEqual([false, 1]);
    expect(entries.map(({ text: words }) => words).filter((words) => words.includes('heard'))).toHaveLength(2);
    end();
    relay.cut();
    relay.mend();
    await vi.waitFor(() => expect(spans.count).toBe(2));
    expect(told).toHaveBeenCalledTimes(1);
  });
});

describe('a change that the relay cannot make', () => {
  it('is dropped, and keeps no other one from being made', async () => {
    const { node, entries } = await nodeOf(new RelayHub());
    const { update } = node.connection;
    vi.spyOn(node.connection, 'update').mockImplementation(function (this: RelayConnection, ...call) {
      const [, , , changes] = call;
      return changes.some(({ item }) => item === 'odd')
        ? Promise.reject(new TypeError('odd'))
        : update.apply(this, call);
    });
    const results = await Promise.all(['ann', 'odd', 'bob'].map((item) => node.hold(share(item))));
    expect(results.map((result) => result?.isNew)).toEqual([true, undefined, true]);
    expect(entries.map(({ text: words }) => words)).toEqual([
      'websocket: other nodes cannot be told of something, because the relay cannot keep it',
    ]);
    expect(await node.hold(share('cho'))).toMatchObject({ isNew: true });
  });
});

describe('while the relay is away', () => {
  it('a node keeps nothing of what was begun and given up', async () => {
    const { node, relay } = await nodeOf(new RelayHub());
    relay.cut();
    const results = [];
    for (let number = 0; number < 100; number++) {
      const change = { ...share(`user-${number}`), topic: `room-${number}` };
      void node.listen(change.topic, ear());
      results.push(node.hold(change), node.hold({ ...change, share: undefined }));
      node.leave(change.topic);
    }
    expect((await Promise.all(results)).every((result) => result?.isGone)).toBe(true);
    relay.calls.length = 0;
    relay.mend();
    await node.hold(share('ann'));
    expect(relay.calls).not.toContain('listen');
    const topics = Array.from({ length: 100 }, (_, number) => ({ topic: `room-${number}`, set: 'members' }));
    expect((await node.connection.figures(topics)).every(({ items }) => items === 0)).toBe(true);
  });

  it('a node that opens does so in the end, or says that it cannot', async () => {
    const relay = new MemoryRelay(new RelayHub());
    const logger = new RecordingLogger();
    const node = new ClusterNode(relay, { logger: () => logger, spans: new DeafSpans(() => logger), isServing: true });
    relay.cut();
    await failureOf(DeliveryError, node.open());
    relay.mend();
    const opening = node.open();
    await node.close();
    await failureOf(DeliveryError, opening);
    await node.open();
    expect(await node.hold(share('ann'))).toMatchObject({ isNew: true });
    await node.close();
  });

  it('holds again what it held, also where others have come meanwhile', async () => {
    const hub = new RelayHub();
    const [one, two] = [await nodeOf(hub), await nodeOf(hub)];
    await one.node.hold({ ...share('ann'), maxItems: 1 });
    while (await two.node.connection.evict(0, one.node.incarnationIn(0) ?? '', { isOwn: true }));
    expect(await two.node.hold({ ...share('bob'), maxItems: 1 })).toMatchObject({ isRefused: false });
    await one.node.caughtUp('room');
    expect((await two.node.connection.read('room', 'members')).items.map(({ item }) => item)).toEqual(['bob', 'ann']);
  });
});
