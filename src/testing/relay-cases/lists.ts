import assert from 'node:assert/strict';
import type { SetFigures } from '../../index.js';
import { type RelayCaseDefinition, type RelayNode, type RelayTrial, SET } from '../relay-trial.js';

/** Topics of a long list. */
const MANY = 1_500;

/** Holds a share in each topic, of the weight that stands with it. */
async function hold(node: RelayNode, weights: ReadonlyMap<string, number>): Promise<void> {
  const { connection } = node;
  for (let partition = 0; partition < connection.partitions; partition++) {
    const its = [...weights].filter(([topic]) => connection.partitionOf(topic) === partition);
    const incarnation = await connection.register(partition, 60_000);
    for (let first = 0; first < its.length; first += 500) {
      const changes = its.slice(first, first + 500).map(([topic, weight]) => ({
        topic,
        set: SET,
        item: '',
        share: weight === 0 ? undefined : { weight },
      }));
      assert.ok(await connection.update(partition, incarnation, 60_000, changes));
    }
  }
}

/** All pages of all partitions, each topic once. */
async function listed(node: RelayNode, prefix: string, set: string = SET): Promise<Map<string, SetFigures>> {
  const { connection } = node;
  const found = new Map<string, SetFigures>();
  for (let partition = 0; partition < connection.partitions; partition++) {
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await connection.list(partition, set, prefix, cursor);
      for (const { topic, items, weight } of page.topics) {
        assert.equal(connection.partitionOf(topic), partition, 'the partition of a topic in its list');
        found.set(topic, { items, weight });
      }
      cursor = page.cursor;
      assert.ok(pages++ < MANY, 'a list must come to an end');
    } while (cursor !== undefined);
  }
  return found;
}

async function lists(trial: RelayTrial, weights: ReadonlyMap<string, number>): Promise<RelayNode> {
  const node = await trial.node();
  await hold(node, weights);
  return node;
}

export const listCases: readonly RelayCaseDefinition[] = [
  {
    name: 'counts sets of several partitions, in their order, also those that are not there',
    async check(trial) {
      const weights = new Map(Array.from({ length: 20 }, (_, number) => [`topic "${number}"\n`, number + 1]));
      const node = await lists(trial, weights);
      const asked = [...weights.keys(), 'not there'].flatMap((topic) => [
        { topic, set: SET },
        { topic, set: 'another' },
      ]);
      const expected = [...weights.values(), 0].flatMap((weight) => [
        { items: weight > 0 ? 1 : 0, weight },
        { items: 0, weight: 0 },
      ]);
      assert.deepEqual([...(await node.connection.figures(asked))], expected);
      assert.deepEqual([...(await node.connection.figures([]))], [], 'the figures of none');
    },
  },
  {
    name: 'lists all topics that have a set, with its figures, also when there are many',
    async check(trial) {
      const weights = new Map(Array.from({ length: MANY }, (_, number) => [`topic ${number}`, number + 1]));
      const node = await lists(trial, weights);
      const found = await listed(node, '');
      assert.equal(found.size, MANY, 'topics that are listed');
      for (const [topic, weight] of weights) assert.deepEqual(found.get(topic), { items: 1, weight }, topic);
      assert.equal((await listed(node, '', 'another')).size, 0, 'topics with another set');
    },
  },
  {
    name: 'lists by what names begin with, whatever it is',
    async check(trial) {
      const prefixes = ['room-', '*', '?', '[a-z]', '\\', 'a"b\n', '^', '\u{1f9ed}', 'room'];
      const names = prefixes.flatMap((prefix) => [`${prefix}1`, prefix]);
      const node = await lists(trial, new Map([...names, 'b', 'roo', 'a room-1', ' *'].map((name) => [name, 1])));
      for (const prefix of prefixes) {
        const expected = [...new Set(names)].filter((name) => name.startsWith(prefix));
        assert.deepEqual([...(await listed(node, prefix)).keys()].sort(), expected.sort(), JSON.stringify(prefix));
      }
      assert.equal((await listed(node, 'nothing')).size, 0);
    },
  },
  {
    name: 'lists topics no longer whose set is gone',
    async check(trial) {
      const node = await trial.node();
      const member = await node.register('topic');
      await member.update({ item: 'a', share: { weight: 1 } }, { item: 'b', share: { weight: 1 } });
      await member.update({ item: 'a' });
      assert.deepEqual([...(await listed(node, '')).entries()], [['topic', { items: 1, weight: 1 }]]);
      await member.update({ item: 'b' });
      assert.deepEqual([...(await listed(node, '')).entries()], []);
    },
  },
];
