import assert from 'node:assert/strict';
import type { SetChange } from '../../index.js';
import { type Member, type RelayCaseDefinition, SET } from '../relay-trial.js';

/** What a node was told of the set, each change as the items that left and those that came. */
function told({ node, topic }: Member): { readonly left: readonly string[]; readonly came: readonly string[] }[] {
  return node.changes(topic).map(({ left, came }) => ({ left, came: came.map(({ item }) => item) }));
}

/** Applies changes to nothing. */
function sumOf(changes: readonly SetChange[]): Map<string, string> {
  const items = new Map<string, string>();
  for (const { left, came } of changes) {
    for (const item of left) items.delete(item);
    for (const { item, value } of came) items.set(item, value);
  }
  return items;
}

export const changeCases: readonly RelayCaseDefinition[] = [
  {
    name: 'hands changes over in the one order of messages',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      for (let number = 0; number < 20; number++) {
        await Promise.all([
          one.publish(`a${number}`),
          other.hold(String(number), { weight: 1 }),
          one.publish(`b${number}`),
        ]);
      }
      await one.update();
      await other.update();
      const order = ({ node }: Member): string[] =>
        node.told.map((each) =>
          'change' in each ? JSON.stringify(each.change) : Buffer.from(each.payload).toString(),
        );
      assert.equal(order(one).length, 60, 'messages and changes that are handed over');
      assert.deepEqual(order(other), order(one), 'the order at another node');
    },
  },
  {
    name: 'resolves update() when all is handed over that was published before it, its own changes too',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      for (let number = 0; number < 30; number++) {
        await other.publish(`message ${number}`);
        await other.hold(`theirs ${number}`, { weight: 1 });
        await one.hold(`ours ${number}`, { weight: 1 });
        assert.equal(one.node.texts('topic').length, number + 1, 'messages that are handed over');
        assert.equal(one.node.changes('topic').length, 2 * (number + 1), 'changes that are handed over');
      }
    },
  },
  {
    name: 'numbers the versions of a set: each tells the one before, and grows, also when the set was gone',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const read = async (): Promise<number> => (await one.node.connection.read('topic', SET)).version;
      const versions: number[] = [await read()];
      for (let number = 0; number < 3; number++) {
        await one.hold('a', { weight: 1 });
        versions.push(await read());
        await other.hold('b', { weight: 1 });
        versions.push(await read());
        await other.drop('b');
        await one.drop('a');
        versions.push(await read());
      }
      const changes = one.node.changes('topic');
      assert.equal(changes.length, 12);
      for (const [index, { previous, version }] of changes.entries()) {
        const before = changes[index - 1]?.version ?? versions[0] ?? 0;
        assert.ok(Number.isSafeInteger(version) && version > before, `version ${version} must be above ${before}`);
        assert.ok(previous <= before || index % 4 === 0, `previous must be ${before}, not ${previous}`);
        if (index % 4 !== 0) assert.equal(previous, before, 'previous of a set that is there');
        assert.ok(previous < version, 'previous must be below version');
      }
      assert.deepEqual(
        [versions[1], versions[2], versions[4]],
        [changes[0]?.version, changes[1]?.version, changes[4]?.version],
        'the versions that read() gives',
      );
    },
  },
  {
    name: 'tells of a change with the weight of the set, and of the weight alone where it is asked for',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      await one.hold('item', { weight: 2 });
      await other.hold('item', { weight: 3 });
      await other.hold('item', { weight: 4 }, { isTold: false, isWeightTold: true });
      await other.hold('item', { weight: 4 }, { isTold: false, isWeightTold: true });
      await one.hold('new', { weight: 1 });
      await one.update();
      const changes = one.node.changes('topic');
      assert.deepEqual(
        changes.map(({ weight, left, came }) => [weight, left.length, came.length]),
        [
          [2, 0, 1],
          [6, 0, 0],
          [7, 0, 1],
        ],
        'of each change that is told: weight, items that left, items that came',
      );
      assert.equal(changes[2]?.previous, changes[1]?.version, 'the version of a change of weight');
    },
  },
  {
    name: 'tells nobody of changes that are not to be told',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const untold = { isTold: false };
      assert.equal((await one.hold('item', { weight: 1, value: 'a' }, untold)).isNew, true);
      await one.hold('item', { weight: 2, value: 'b' }, untold);
      await one.update({ item: 'more', share: { weight: 1 } });
      await one.drop('item', untold);
      await other.update();
      await one.update();
      assert.deepEqual([...told(one), ...told(other)], []);
      assert.deepEqual((await other.node.connection.read('topic', SET)).items, [{ item: 'more', value: '' }]);
    },
  },
  {
    name: 'reads items in the order in which they came, with what changes tell as the same',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const items = Array.from({ length: 700 }, (_, number) => `item ${(number * 7919) % 701}`);
      const share = (item: string) => ({ item, share: { weight: 1, value: `value of ${item}` }, isTold: true });
      await one.update(...items.slice(0, 300).map(share));
      await other.update(...items.slice(300).map(share));
      await one.update();
      const { items: read } = await one.node.connection.read('topic', SET);
      assert.deepEqual(
        read.map(({ item }) => item),
        items,
      );
      const known = [...sumOf(one.node.changes('topic'))].map(([item, value]) => ({ item, value }));
      assert.deepEqual(known, read, 'what the changes come to');
    },
  },
];
