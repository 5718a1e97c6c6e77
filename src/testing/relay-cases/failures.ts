import assert from 'node:assert/strict';
import { DeliveryError } from '../../index.js';
import {
  LONG_MS,
  type RelayCaseDefinition,
  type RelayTrial,
  SET,
  type Told,
  textOf,
  withoutFragile,
} from '../relay-trial.js';

function isMissed(one: Told): boolean {
  return 'payload' in one && textOf(one.payload).startsWith('missed');
}

/** How a call fails within about 10 seconds; undefined when it does not. */
async function outcomeOf(
  { waitMs }: RelayTrial,
  what: string,
  call: Promise<unknown>,
): Promise<'rejected' | 'unknown' | undefined> {
  const timer = Promise.withResolvers<'late'>();
  const timeout = setTimeout(() => timer.resolve('late'), waitMs);
  const settled = call.then(
    () => undefined,
    (error: unknown) => {
      assert.ok(
        DeliveryError.isPushError(error) && error.code === 'DELIVERY',
        `${what} must fail with a DeliveryError`,
      );
      return (error as DeliveryError).outcome;
    },
  );
  const first = await Promise.race([settled, timer.promise]);
  clearTimeout(timeout);
  assert.notEqual(first, 'late', `${what} must settle in time`);
  return first as 'rejected' | 'unknown' | undefined;
}

export const failureCases: readonly RelayCaseDefinition[] = [
  {
    name: 'hands nothing over after close(), and leaves other nodes alone',
    async check(trial) {
      const [closed, other] = [await trial.node('topic'), await trial.node('topic')];
      await other.publish('topic', 'before');
      await trial.hears(closed, 'topic', ['before']);
      await closed.close();
      await other.publish('topic', 'after');
      await trial.hears(other, 'topic', ['before', 'after']);
      await trial.quiet();
      assert.deepEqual(closed.texts('topic'), ['before']);
      assert.deepEqual(closed.spans, [], 'the spans in which it was deaf');
    },
  },
  {
    name: 'says from when to when it was deaf, for each partition, and hears all topics again',
    lacks: withoutFragile,
    async check(trial) {
      const topics = Array.from({ length: 10 }, (_, number) => `topic ${number}`);
      const [node, publisher] = [await trial.fragileNode(...topics), await trial.node()];
      for (const topic of topics) await publisher.publish(topic, 'before');
      for (const topic of topics) await trial.hears(node, topic, ['before']);
      const cutAt = Date.now();
      await trial.subject.fragile?.cut();
      for (const topic of topics) await publisher.publish(topic, 'missed');
      const all = node.connection.partitions;
      await trial.comesTrue('deaf() for each partition', () => node.spans.length >= all);
      for (const topic of topics) await publisher.publish(topic, 'missed too');
      const mendAt = Date.now();
      await trial.subject.fragile?.mend();
      // Meanwhile some more is published, which comes after hearing() or not at all.
      await trial.comesTrue('hearing() for each partition', async () => {
        for (const topic of topics) await publisher.publish(topic, 'in between');
        return node.spans.every(({ hearing }) => hearing);
      });
      for (const topic of topics) await publisher.publish(topic, 'after');
      for (const topic of topics)
        await trial.comesTrue('what follows is handed over', () => node.texts(topic).includes('after'));
      await trial.quiet();
      for (const topic of topics) {
        const texts = node.texts(topic);
        const once = texts.filter((text) => text !== 'in between');
        const order = ['before', 'missed', 'missed too', 'after'];
        assert.deepEqual(
          once,
          order.filter((text) => once.includes(text)),
          'what is handed over, each once, in order',
        );
        assert.deepEqual([texts[0], texts.at(-1)], ['before', 'after'], 'the first and the last that is handed over');
      }
      assert.equal(new Set(node.spans.map(({ partition }) => partition)).size, all, 'partitions that were deaf');
      for (const { partition, since, hearing } of node.spans) {
        assert.ok(hearing, `hearing() of partition ${partition}`);
        assert.equal(hearing.since, since, 'the beginning that hearing() is told');
        assert.ok(since <= cutAt + 20, 'the span must begin before the first message that is missed');
        assert.ok(hearing.at >= mendAt, 'the span must end after the last message that is missed');
        for (const [index, one] of node.told.entries())
          if (index < hearing.index && node.connection.partitionOf(one.topic) === partition)
            assert.ok(one.at < mendAt || isMissed(one), 'what follows must be handed over after hearing()');
      }
    },
  },
  {
    name: 'settles each call while it is cut off, and does not do what it rejects',
    lacks: withoutFragile,
    async check(trial) {
      const [node, other] = [await trial.fragileNode('topic'), await trial.member('topic')];
      const member = await node.register('topic');
      await member.hold('item', { weight: 1 });
      await trial.subject.fragile?.cut();
      const { connection } = node;
      const outcomes = await Promise.all([
        outcomeOf(trial, 'publish()', member.publish('cut')),
        outcomeOf(trial, 'update()', member.try({ item: 'cut', share: { weight: 1 } })),
        outcomeOf(trial, 'isFirst()', connection.isFirst('cut', LONG_MS)),
        outcomeOf(trial, 'read()', connection.read('topic', SET)),
        outcomeOf(trial, 'figures()', connection.figures([{ topic: 'topic', set: SET }])),
        outcomeOf(trial, 'list()', connection.list(member.partition, SET, '')),
        outcomeOf(trial, 'kept()', connection.kept('topic', LONG_MS)),
        outcomeOf(trial, 'readLog()', member.readLog('log')),
        outcomeOf(trial, 'evict()', connection.evict(member.partition, member.incarnation, { isOwn: true })),
        outcomeOf(trial, 'register()', connection.register(member.partition, LONG_MS)),
      ]);
      for (const outcome of outcomes) assert.notEqual(outcome, undefined, 'a call must fail while it is cut off');
      await trial.subject.fragile?.mend();
      await trial.comesTrue(
        'it hears again',
        () => node.spans.length > 0 && node.spans.every(({ hearing }) => hearing),
      );
      await trial.comesTrue(
        'it can be used again',
        async () => (await outcomeOf(trial, 'read()', connection.read('topic', SET))) === undefined,
      );
      await trial.quiet();
      await other.update();
      const [publishing, updating, asking] = outcomes;
      if (publishing === 'rejected') assert.deepEqual(other.node.texts('topic'), [], 'what publish() was rejected for');
      const { items } = await other.node.connection.read('topic', SET);
      if (updating === 'rejected')
        assert.ok(!items.some(({ item }) => item === 'cut'), 'what update() was rejected for');
      if (asking === 'rejected')
        assert.equal(await other.node.connection.isFirst('cut', LONG_MS), true, 'what isFirst() was rejected for');
    },
  },
  {
    name: 'hears what it was asked to listen to while it was cut off, and nothing of what was left then',
    lacks: withoutFragile,
    async check(trial) {
      const [node, publisher] = [await trial.fragileNode('stays', 'leaves'), await trial.node()];
      await trial.subject.fragile?.cut();
      const asked = Promise.allSettled([node.listen('comes'), node.leave('leaves')]);
      await trial.comesTrue('deaf()', () => node.spans.length > 0);
      await trial.subject.fragile?.mend();
      await trial.comesTrue('hearing()', () => node.spans.every(({ hearing }) => hearing));
      const [listening, leaving] = await asked;
      // One that was refused is asked for again.
      if (listening.status === 'rejected') await node.listen('comes');
      if (leaving.status === 'rejected') await node.leave('leaves');
      await trial.quiet();
      for (const topic of ['comes', 'leaves', 'stays']) await publisher.publish(topic, 'text');
      await trial.hears(node, 'stays', ['text']);
      await trial.hears(node, 'comes', ['text']);
      await trial.quiet();
      assert.deepEqual(node.texts('leaves'), []);
    },
  },
];
