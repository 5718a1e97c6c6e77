import assert from 'node:assert/strict';
import { LONG_MS, type RelayCaseDefinition, SET, withoutEmpty } from '../relay-trial.js';

/** Shares of a node that dies: more than one step takes. */
const MANY = 450;

const gone = { log: 'log', text: 'gone' };

export const leaseCases: readonly RelayCaseDefinition[] = [
  {
    name: 'makes an incarnation that is equal to none before',
    async check(trial) {
      const node = await trial.node();
      const incarnations = new Set<string>();
      for (let count = 0; count < 20; count++)
        incarnations.add((await node.register('topic', trial.shortMs)).incarnation);
      assert.equal(incarnations.size, 20);
    },
  },
  {
    name: 'counts the nodes whose lease lasts, and tells of those whose lease has ended',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      const before = await one.update();
      assert.equal(before.nodes, 2, 'nodes');
      assert.deepEqual(before.expired, [], 'what has expired before its time');
      await other.renew(trial.shortMs);
      await trial.short();
      const after = await one.update();
      assert.equal(after.nodes, 1, 'nodes when one lease has ended');
      assert.deepEqual(after.expired, [other.incarnation], 'what has expired');
      await one.evict(other.incarnation);
      assert.deepEqual((await one.update()).expired, [], 'what is expired after it was evicted');
    },
  },
  {
    name: 'renews a lease with each update, for as long as it says',
    async check(trial) {
      const one = await trial.member('topic');
      const other = await trial.member('topic', trial.shortMs);
      await other.renew(LONG_MS);
      await trial.short();
      assert.deepEqual((await one.update()).expired, []);
    },
  },
  {
    name: 'leaves an incarnation alone whose lease lasts, unless it is the own one',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      await other.hold('item', { weight: 1 });
      await one.evict(other.incarnation);
      assert.ok(await other.try(), 'an incarnation whose lease lasts must stay');
      assert.equal((await one.node.connection.read('topic', SET)).items.length, 1, 'its items');
      await other.evict(other.incarnation, { isOwn: true });
      assert.deepEqual((await one.node.connection.read('topic', SET)).items, [], 'items after the own end');
      assert.deepEqual((await one.update()).expired, [], 'what is left of it');
      assert.equal((await one.update()).nodes, 1, 'nodes');
    },
  },
  {
    name: 'takes the shares of a dead node away, tells of it and appends what it left, each once, although two do it',
    async check(trial) {
      const [one, other] = [await trial.member('topic'), await trial.member('topic')];
      const dead = await (await trial.node()).register('topic', trial.shortMs);
      const items = Array.from({ length: MANY }, (_, number) => `item ${number}`);
      await dead.update(...items.map((item) => ({ item, share: { weight: 2, onLeft: gone }, isTold: true })));
      await other.hold('item 0', { weight: 1 });
      await trial.short();
      assert.deepEqual((await one.update()).expired, [dead.incarnation]);
      await Promise.all([one.evict(dead.incarnation), other.evict(dead.incarnation)]);
      await one.update();
      await other.update();
      for (const { node } of [one, other]) {
        const left = node.changes('topic').flatMap((change) => change.left);
        assert.deepEqual(left.toSorted(), items.slice(1).sort(), 'the items that have left, each once');
      }
      const { items: rest } = await one.node.connection.read('topic', SET);
      assert.deepEqual(
        rest.map(({ item }) => item),
        ['item 0'],
        'what another node holds',
      );
      const figures = await one.node.connection.figures([{ topic: 'topic', set: SET }]);
      assert.deepEqual(figures, [{ items: 1, weight: 1 }]);
      assert.equal((await one.readLog('log'))?.waiting, MANY - 1, 'entries of items that have left');
    },
  },
  {
    name: 'takes those shares of a dead node away last that are to leave last',
    async check(trial) {
      const one = await trial.member('topic');
      const dead = await trial.member('topic', trial.shortMs);
      const last = ['first', 'second'].map((item) => ({
        item,
        set: 'last',
        share: { weight: 0, onLeft: { log: 'log', text: 'last' }, leavesLast: true },
      }));
      const items = Array.from({ length: MANY }, (_, number) => `item ${number}`);
      await dead.update(...last, ...items.map((item) => ({ item, share: { weight: 0, onLeft: gone } })));
      await trial.short();
      await one.evict(dead.incarnation);
      const part = await one.readLog('log', { max: MANY + 2 });
      const texts = part?.entries.map(({ text }) => text) ?? [];
      assert.equal(texts.length, MANY + 2);
      assert.deepEqual(texts.slice(-3), ['gone', 'last', 'last']);
    },
  },
  {
    name: 'tells nobody of what a dead node held untold',
    async check(trial) {
      const one = await trial.member('topic');
      const dead = await trial.member('topic', trial.shortMs);
      await dead.update({ item: 'untold', share: { weight: 1 } });
      await dead.update({ item: 'weight', set: 'weighed', share: { weight: 7 }, isWeightTold: true });
      await trial.short();
      await one.evict(dead.incarnation);
      await one.update();
      assert.deepEqual(
        one.node.changes('topic').map(({ set, weight }) => [set, weight]),
        [
          ['weighed', 7],
          ['weighed', 0],
        ],
      );
    },
  },
  {
    name: 'does nothing for an incarnation that is being evicted, from the first step on',
    async check(trial) {
      const one = await trial.member('topic');
      const dead = await trial.member('topic', trial.shortMs);
      const items = Array.from({ length: MANY }, (_, number) => `item ${number}`);
      await dead.update(...items.map((item) => ({ item, share: { weight: 1, onLeft: gone } })));
      await one.node.connection.publish(one.partition, undefined, [
        { topic: 'topic', payload: Buffer.from('first'), entry: { log: 'log', text: 'entry' } },
      ]);
      const part = await dead.readLog('log');
      const [entry] = part?.entries ?? [];
      assert.ok(entry);
      await trial.short();
      const isLeft = await one.node.connection.evict(one.partition, dead.incarnation);
      if (isLeft) assert.deepEqual((await one.update()).expired, [dead.incarnation], 'what is still to be evicted');
      assert.equal(await dead.try({ item: 'more', share: { weight: 1 } }), undefined, 'update()');
      assert.equal(await dead.publish('unheard'), false, 'publish()');
      assert.equal(await dead.note('log', 'note'), false, 'noteInLog()');
      assert.equal(await dead.pass('log', entry.id), false, 'passInLog()');
      assert.equal(await dead.readLog('log'), undefined, 'readLog()');
      await one.evict(dead.incarnation);
      assert.deepEqual((await one.node.connection.read('topic', SET)).items, [], 'what is left of it');
      await one.update();
      assert.deepEqual(one.node.texts('topic'), ['first'], 'what it has published');
      const after = await one.readLog('log');
      assert.deepEqual([after?.note, after?.entries[0]?.text], [undefined, 'entry'], 'what it has noted and passed');
    },
  },
  {
    name: 'takes a node again under another incarnation, and knows neither the old one nor one that nobody has',
    async check(trial) {
      const one = await trial.member('topic');
      const node = await trial.node('topic');
      const dead = await node.register('topic', trial.shortMs);
      await dead.hold('item', { weight: 1 });
      await trial.short();
      await one.evict(dead.incarnation);
      assert.equal(await dead.try(), undefined, 'the old incarnation');
      const again = await node.register('topic');
      assert.equal((await again.hold('item', { weight: 1 })).isNew, true);
      assert.equal(await dead.try(), undefined, 'the old incarnation');
      const { connection, partition } = { connection: node.connection, partition: one.partition };
      assert.equal(await connection.update(partition, 'nobody', LONG_MS, []), undefined, 'one that nobody has');
      assert.equal(await connection.evict(partition, 'nobody'), false, 'evict() of one that nobody has');
      assert.equal((await one.update()).nodes, 2, 'nodes');
    },
  },
  {
    name: 'names its memory, the same to all nodes, and another one after it was lost',
    lacks: withoutEmpty,
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const { memory } = await one.update();
      await one.hold('item', { weight: 1 });
      assert.equal((await one.update()).memory, memory, 'the memory after a change');
      assert.equal((await other.update()).memory, memory, 'the memory that another node is told of');
      const { version } = await one.node.connection.read('topic', SET);
      await trial.subject.empty?.();
      assert.equal(await one.try(), undefined, 'update() of an incarnation that was lost');
      assert.equal(await one.publish('unheard'), false, 'publish() of an incarnation that was lost');
      const again = await one.node.register('topic');
      const { memory: after, nodes } = await again.update();
      assert.notEqual(after, memory, 'the memory after it was lost');
      assert.equal(nodes, 1, 'nodes after it was lost');
      assert.equal((await again.hold('item', { weight: 1 })).isNew, true, 'an item that was lost must be new');
      const state = await again.node.connection.read('topic', SET);
      assert.ok(state.version > version, `version ${state.version} must be above ${version}`);
      assert.equal((await again.update()).memory, after, 'the memory after a change');
    },
  },
  {
    name: 'keeps the item of a node that comes back before it is evicted',
    async check(trial) {
      const one = await trial.member('topic');
      const node = await trial.node('topic');
      const dead = await node.register('topic', trial.shortMs);
      await dead.hold('item', { weight: 1, value: 'v' });
      await trial.short();
      const again = await node.register('topic');
      assert.equal((await again.hold('item', { weight: 1, value: 'v' })).isNew, false, 'the item must be there');
      await one.evict(dead.incarnation);
      await one.update();
      assert.deepEqual(
        one.node.changes('topic').map(({ left }) => left),
        [[]],
        'that it has come, and nothing else, must be told',
      );
      assert.deepEqual((await one.node.connection.figures([{ topic: 'topic', set: SET }]))[0], { items: 1, weight: 1 });
    },
  },
];
