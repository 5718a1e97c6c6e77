import assert from 'node:assert/strict';
import { LONG_MS, type RelayCaseDefinition, textOf } from '../relay-trial.js';

/** Messages of each node, where several publish at once. */
const MANY = 100;
const LARGE_BYTES = 100_000;

/** Names that some relays might take for something else. */
const oddNames: readonly string[] = [
  'a "quoted" \\ name',
  'two\nlines\r\n\tand more',
  '{braces}{0} and %s %00 \u{1f9ed}',
  '* ? [a-z] ^ $ :',
  'é'.repeat(250),
];

export const messageCases: readonly RelayCaseDefinition[] = [
  {
    name: 'hands each message over once, to all who listen, the one that publishes too',
    async check(trial) {
      const nodes = [await trial.node('topic'), await trial.node('topic'), await trial.node('another')];
      const texts = ['one', 'two', 'three'];
      await nodes[0]?.publish('topic', ...texts);
      for (const node of nodes.slice(0, 2)) await trial.hears(node, 'topic', texts);
      await trial.quiet();
      assert.deepEqual(
        nodes.map(({ told }) => told.length),
        [3, 3, 0],
        'the messages that each node is handed',
      );
    },
  },
  {
    name: 'hands the messages of a topic over in one order to all, also when all publish at once',
    async check(trial) {
      const nodes = [await trial.node('topic'), await trial.node('topic'), await trial.node('topic')];
      const all = nodes.flatMap((node, its) =>
        Array.from({ length: MANY }, (_, number) => node.publish('topic', `${its} ${number}`)),
      );
      await Promise.all(all);
      for (const node of nodes)
        await trial.comesTrue('all messages are handed over', () => node.texts('topic').length >= all.length);
      const [first = [], ...others] = nodes.map((node) => node.texts('topic'));
      assert.equal(new Set(first).size, all.length, 'the messages that are handed over, each once');
      for (const other of others) assert.deepEqual(other, first, 'the order at another node');
    },
  },
  {
    name: 'keeps the order of the messages of one call',
    async check(trial) {
      const node = await trial.node('a');
      const partition = node.connection.partitionOf('a');
      const same = Array.from({ length: 1_000 }, (_, number) => `b${number}`);
      const other = same.find((topic) => node.connection.partitionOf(topic) === partition) ?? 'a';
      await node.listen(other);
      const texts = Array.from({ length: MANY }, (_, number) => String(number));
      const messages = texts.map((text, number) => ({ topic: number % 2 ? 'a' : other, payload: Buffer.from(text) }));
      await node.connection.publish(partition, undefined, messages);
      await trial.comesTrue('all are handed over', () => node.told.length >= MANY);
      for (const [topic, rest] of [
        ['a', 1],
        [other, 0],
      ] as const)
        assert.deepEqual(
          node.texts(topic),
          other === 'a' ? texts : texts.filter((_, number) => number % 2 === rest),
          'the order of one call',
        );
    },
  },
  {
    name: 'hears everything that is published after listen() has resolved',
    async check(trial) {
      const [node, publisher] = [await trial.node(), await trial.node()];
      for (let number = 0; number < 30; number++) {
        await node.listen(`topic-${number}`);
        await publisher.publish(`topic-${number}`, 'at once');
      }
      for (let number = 0; number < 30; number++) await trial.hears(node, `topic-${number}`, ['at once']);
    },
  },
  {
    name: 'hands over nothing of a topic that was left, and hears it again when it is listened to again',
    async check(trial) {
      const [node, publisher] = [await trial.node('topic', 'other'), await trial.node('topic')];
      await node.leave('topic');
      await trial.quiet();
      await publisher.publish('topic', 'unheard');
      await publisher.publish('other', 'heard');
      await trial.hears(publisher, 'topic', ['unheard']);
      await trial.hears(node, 'other', ['heard']);
      await trial.quiet();
      assert.deepEqual(node.texts('topic'), [], 'what is handed over of a topic that was left');
      await node.listen('topic');
      await publisher.publish('topic', 'again');
      await trial.hears(node, 'topic', ['again']);
    },
  },
  {
    name: 'hands a message over once of a topic that is listened to twice',
    async check(trial) {
      const node = await trial.node('topic');
      await node.listen('topic', 'last');
      await node.publish('topic', 'once');
      await node.publish('last', 'end');
      await trial.hears(node, 'last', ['end']);
      await trial.quiet();
      assert.deepEqual(node.texts('topic'), ['once']);
    },
  },
  {
    name: 'carries any bytes, none, and 100 kB of them',
    async check(trial) {
      const [node, publisher] = [await trial.node('topic'), await trial.node()];
      const all = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const large = Uint8Array.from({ length: LARGE_BYTES }, (_, index) => (index * 7) % 256);
      const payloads = [all, new Uint8Array(0), large];
      const partition = publisher.connection.partitionOf('topic');
      for (const payload of payloads)
        await publisher.connection.publish(partition, undefined, [{ topic: 'topic', payload }]);
      await trial.comesTrue('all are handed over', () => node.told.length >= payloads.length);
      const heard = node.told.map((one) => ('payload' in one ? Buffer.from(one.payload).toString('hex') : ''));
      assert.deepEqual(
        heard,
        payloads.map((payload) => Buffer.from(payload).toString('hex')),
        'the bytes that are handed over',
      );
    },
  },
  {
    name: 'leaves a payload as it was handed over',
    async check(trial) {
      const node = await trial.node('topic');
      const texts = Array.from({ length: MANY }, (_, number) => `text ${number}`);
      for (const text of texts) await node.publish('topic', text);
      await trial.hears(node, 'topic', texts);
      await node.publish('topic', 'another');
      await trial.hears(node, 'topic', [...texts, 'another']);
    },
  },
  {
    name: 'takes topics of any characters but NUL, of up to 500 bytes, and tells them apart',
    async check(trial) {
      const [node, publisher] = [await trial.node(...oddNames), await trial.node()];
      for (const [index, topic] of oddNames.entries()) await publisher.publish(topic, String(index));
      for (const [index, topic] of oddNames.entries()) await trial.hears(node, topic, [String(index)]);
      assert.equal(node.told.length, oddNames.length, 'the messages that are handed over');
    },
  },
  {
    name: 'gives each topic one partition, the same on all nodes',
    async check(trial) {
      const [one, other] = [(await trial.node()).connection, (await trial.node()).connection];
      assert.ok(Number.isSafeInteger(one.partitions) && one.partitions >= 1, 'partitions must be 1 or more');
      assert.equal(other.partitions, one.partitions, 'partitions of another node');
      for (const topic of [...oddNames, ...Array.from({ length: MANY }, (_, number) => `topic-${number}`)]) {
        const partition = one.partitionOf(topic);
        assert.ok(Number.isInteger(partition) && partition >= 0 && partition < one.partitions, 'a partition');
        assert.equal(other.partitionOf(topic), partition, `the partition of ${JSON.stringify(topic)} on another node`);
      }
    },
  },
  {
    name: 'publishes for a node that it knows, and nothing for another',
    async check(trial) {
      const member = await trial.member('topic');
      assert.equal(await member.publish('one', 'two'), true, 'publish() of a known incarnation');
      await trial.hears(member.node, 'topic', ['one', 'two']);
      const { connection } = member.node;
      const message = { topic: 'topic', payload: Buffer.from('three') };
      for (const messages of [[message], [{ ...message, keepMs: LONG_MS, entry: { log: 'log', text: 'entry' } }]])
        assert.equal(
          await connection.publish(member.partition, 'nobody', messages),
          false,
          'publish() of an unknown one',
        );
      await member.update();
      assert.deepEqual(member.node.texts('topic'), ['one', 'two'], 'what is handed over');
      assert.equal((await connection.kept('topic', LONG_MS)).payload, undefined, 'what is kept');
      assert.deepEqual((await member.readLog('log'))?.entries, [], 'the entries of the log');
    },
  },
  {
    name: "keeps a topic's last message that was to be kept, for as long as it says",
    async check(trial) {
      const { connection, ...node } = { connection: (await trial.node()).connection, other: await trial.node('topic') };
      const partition = connection.partitionOf('topic');
      const publish = (text: string, keepMs?: number) =>
        connection.publish(partition, undefined, [{ topic: 'topic', payload: Buffer.from(text), keepMs }]);
      await publish('first', LONG_MS);
      await publish('last', LONG_MS);
      await publish('not kept');
      await trial.hears(node.other, 'topic', ['first', 'last', 'not kept']);
      const kept = await node.other.connection.kept('topic', LONG_MS);
      assert.ok(kept.payload !== undefined, 'a message must be kept');
      assert.equal(textOf(kept.payload), 'last', 'the message that is kept');
      assert.ok(kept.ttlMs > LONG_MS / 2 && kept.ttlMs <= LONG_MS, `its time: ${kept.ttlMs} ms`);
      await publish('short', trial.shortMs);
      await trial.comesTrue('the message is no longer kept', async () => {
        const after = await connection.kept('topic', trial.shortMs);
        assert.ok(after.payload === undefined || textOf(after.payload) === 'short');
        return after.payload === undefined;
      });
    },
  },
  {
    name: 'tells one of all who ask for a message that is not kept, until one is again or the time is over',
    async check(trial) {
      const nodes = [(await trial.node()).connection, (await trial.node()).connection];
      const [one, other] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
      const ask = async (): Promise<number> => {
        const all = await Promise.all([...nodes, ...nodes].map((node) => node.kept('topic', LONG_MS)));
        return all.filter((kept) => kept.payload === undefined && kept.isFirst).length;
      };
      const unasked = { payload: undefined, isFirst: false };
      assert.deepEqual(await one.kept('topic'), unasked, 'who does not ask to be the first');
      assert.equal(await ask(), 1, 'of those who ask, the first ones');
      assert.equal(await ask(), 0, 'of those who ask later');
      const message = { topic: 'topic', payload: Buffer.from('text'), keepMs: trial.shortMs };
      await one.publish(one.partitionOf('topic'), undefined, [message]);
      await trial.short();
      assert.deepEqual(
        await other.kept('topic', trial.shortMs),
        { payload: undefined, isFirst: true },
        'who asks when a message was kept in between',
      );
      await trial.short();
      assert.equal(await ask(), 1, 'of those who ask when the time is over');
      assert.equal((await other.kept('another', LONG_MS)).payload, undefined);
    },
  },
  {
    name: 'tells one of them anew when a set of the topic was there, and is no more',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const ask = async (): Promise<boolean> => {
        const kept = await other.node.connection.kept('topic', LONG_MS);
        return kept.payload === undefined && kept.isFirst;
      };
      await one.hold('item', { weight: 1 });
      await other.hold('item', { weight: 1 });
      assert.equal(await ask(), true, 'the first one');
      await one.drop('item');
      assert.equal(await ask(), false, 'who asks while the set is there');
      await other.drop('item');
      assert.equal(await ask(), true, 'who asks when it is gone');
    },
  },
  {
    name: 'is first once for each key, until its time is over or it is forgotten',
    async check(trial) {
      const nodes = [(await trial.node()).connection, (await trial.node()).connection];
      const [one, other] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
      const count = async (key: string, ms: number): Promise<number> =>
        (await Promise.all([...nodes, ...nodes].map((node) => node.isFirst(key, ms)))).filter(Boolean).length;
      assert.equal(await count('key "\n', LONG_MS), 1, 'the first ones of four');
      assert.equal(await count('another', LONG_MS), 1, 'the first ones of another key');
      assert.equal(await count('key "\n', LONG_MS), 0, 'the first ones of those who ask later');
      await other.forget('key "\n');
      assert.equal(await count('key "\n', LONG_MS), 1, 'the first ones after it was forgotten');
      assert.equal(await one.isFirst('another', LONG_MS), false, 'what was not forgotten');
      assert.equal(await one.isFirst('short', trial.shortMs), true);
      await trial.short();
      assert.equal(await count('short', LONG_MS), 1, 'the first ones when the time is over');
    },
  },
];
