import assert from 'node:assert/strict';
import { type RelayCaseDefinition, SET } from '../relay-trial.js';

export const shareCases: readonly RelayCaseDefinition[] = [
  {
    name: 'tells of an item with its first share anywhere, and that it leaves with its last, each once',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const results = [
        await one.hold('item', { weight: 1, value: 'its value' }),
        await other.hold('item', { weight: 2, value: 'not this one' }),
        await one.hold('item', { weight: 3, value: 'nor this' }),
        await one.drop('item'),
        await one.drop('item'),
        await other.drop('item'),
        await other.drop('item'),
      ];
      assert.deepEqual(
        results.map(({ isNew, isGone, isRefused, figures }) => [
          isNew,
          isGone,
          isRefused,
          figures.items,
          figures.weight,
        ]),
        [
          [true, false, false, 1, 1],
          [false, false, false, 1, 3],
          [false, false, false, 1, 5],
          [false, false, false, 1, 2],
          [false, false, false, 1, 2],
          [false, true, false, 0, 0],
          [false, false, false, 0, 0],
        ],
        'of each change: isNew, isGone, isRefused, items, weight',
      );
      await one.update();
      for (const member of [one, other]) {
        const changes = member.node.changes('topic');
        assert.deepEqual(
          changes.map(({ set, left, came }) => ({ set, left, came })),
          [
            { set: SET, left: [], came: [{ item: 'item', value: 'its value' }] },
            { set: SET, left: ['item'], came: [] },
          ],
          'what each node is told',
        );
      }
    },
  },
  {
    name: 'makes the changes of one update in their order, and tells what they come to',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      await one.hold('stays', { weight: 1, value: 'old' });
      const share = (value: string) => ({ weight: 1, value });
      const { results } = await one.update(
        { item: 'a', share: share('1'), isTold: true },
        { item: 'b', share: share('2'), isTold: true },
        { item: 'stays', share: share('new'), isTold: true },
        { item: 'b', isTold: true },
        { item: 'c', share: share('3'), isTold: true },
        { item: 'a', isTold: true },
        { item: 'a', share: share('4'), isTold: true },
      );
      assert.deepEqual(
        results.map(({ isNew, isGone, figures }) => [isNew, isGone, figures.items]),
        [
          [true, false, 2],
          [true, false, 3],
          [false, false, 3],
          [false, true, 2],
          [true, false, 3],
          [false, true, 2],
          [true, false, 3],
        ],
        'of each change: isNew, isGone, items',
      );
      await other.update();
      const changes = other.node.changes('topic');
      assert.equal(changes.length, 2, 'changes that are told, one for each update');
      const [, { left, came } = { left: [], came: [] }] = changes;
      assert.deepEqual([...left], ['stays'], 'what has left, or has a new value');
      assert.deepEqual(
        came,
        [
          { item: 'stays', value: 'new' },
          { item: 'c', value: '3' },
          { item: 'a', value: '4' },
        ],
        'what has come, in its order',
      );
      assert.deepEqual((await other.node.connection.read('topic', SET)).items, came, 'what read() gives');
    },
  },
  {
    name: 'keeps the value that an item came with, unless the shares of all other nodes weigh nothing',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const value = async (): Promise<string | undefined> =>
        (await one.node.connection.read('topic', SET)).items.find(({ item }) => item === 'item')?.value;
      await one.hold('item', { weight: 1, value: 'first' });
      await other.hold('item', { weight: 1, value: 'second' });
      assert.equal(await value(), 'first', 'the value while another share has weight');
      await one.hold('item', { weight: 0, value: 'third' });
      assert.equal(await value(), 'first', 'the value while another share has weight');
      await other.hold('item', { weight: 1, value: 'fourth' });
      assert.equal(await value(), 'fourth', 'the value when all others weigh nothing');
      await other.hold('item', { weight: 2 });
      assert.equal(await value(), '', 'the value of a share that gives none');
      await one.update();
      assert.deepEqual(
        one.node.changes('topic').map(({ left, came }) => [left, came.map((its) => its.value)]),
        [
          [[], ['first']],
          [['item'], ['fourth']],
          [['item'], ['']],
        ],
        'what is told: an item with a new value has left and has come',
      );
    },
  },
  {
    name: 'adds up the weights of all shares',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      await one.update({ item: 'a', share: { weight: 5 } }, { item: 'b', share: { weight: 0 } });
      await other.update({ item: 'a', share: { weight: 2 ** 31 } });
      const figures = async () => (await one.node.connection.figures([{ topic: 'topic', set: SET }]))[0];
      assert.deepEqual(await figures(), { items: 2, weight: 2 ** 31 + 5 });
      await one.update({ item: 'a', share: { weight: 1 } });
      assert.deepEqual(await figures(), { items: 2, weight: 2 ** 31 + 1 });
      await other.update({ item: 'a' });
      assert.deepEqual(await figures(), { items: 2, weight: 1 });
    },
  },
  {
    name: 'refuses an item that is too many, and changes nothing then',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const log = { log: 'log', text: 'entry' };
      const max = { maxItems: 2 };
      await one.update(...['a', 'b'].map((item) => ({ item, share: { weight: 1 }, ...max })));
      const refused = await other.hold('c', { weight: 1, onCame: log }, max);
      assert.deepEqual(refused, { isRefused: true, isNew: false, isGone: false, figures: { items: 2, weight: 2 } });
      assert.equal((await other.hold('a', { weight: 1 }, max)).isRefused, false, 'a share of an item that is there');
      assert.equal((await other.hold('c', { weight: 1 })).isRefused, false, 'an item without a limit');
      await other.drop('c');
      await other.drop('a');
      await one.drop('a');
      assert.equal((await other.hold('c', { weight: 1 }, max)).isRefused, false, 'an item when there is room again');
      assert.deepEqual((await one.readLog('log'))?.entries, [], 'entries of a share that was refused');
    },
  },
  {
    name: 'refuses weight that is too much, and leaves the share as it was',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const max = { maxWeight: 10 };
      await one.hold('item', { weight: 6 }, max);
      assert.equal((await other.hold('item', { weight: 4 }, max)).isRefused, false, 'as much as there is room for');
      const refused = await other.hold('item', { weight: 5 }, max);
      assert.deepEqual(refused, { isRefused: true, isNew: false, isGone: false, figures: { items: 1, weight: 10 } });
      assert.equal((await other.hold('new', { weight: 1 }, max)).isRefused, true, 'a new item');
      assert.equal((await one.hold('item', { weight: 5 }, { maxWeight: 1 })).isRefused, false, 'less than before');
      assert.equal((await other.hold('item', { weight: 4 }, { maxWeight: 1 })).isRefused, false, 'as much as before');
      assert.deepEqual((await one.drop('item')).figures, { items: 1, weight: 4 }, 'what the other one holds');
    },
  },
  {
    name: 'takes items and values of any characters but NUL',
    async check(trial) {
      const [one] = await trial.pair('topic');
      const texts = ['"\'\\', 'a\n\r\tb', '{}[]%s', ' 1 2 3 ', '\u{1f9ed}', '\u2028', 'x'.repeat(10_000), ''];
      await one.update(
        ...texts.map((text) => ({ item: text.slice(0, 250), share: { weight: 1, value: text }, isTold: true })),
      );
      const expected = texts.map((text) => ({ item: text.slice(0, 250), value: text }));
      assert.deepEqual((await one.node.connection.read('topic', SET)).items, expected, 'what read() gives');
      assert.deepEqual(one.node.changes('topic')[0]?.came, expected, 'what is told');
    },
  },
  {
    name: 'keeps the sets of a topic, and those of several topics, apart',
    async check(trial) {
      const [one] = await trial.pair('topic');
      const { connection } = one.node;
      const share = { weight: 1, value: 'v' };
      await one.update({ item: 'a', share, isTold: true }, { item: 'b', set: 'other', share, isTold: true });
      assert.deepEqual((await connection.read('topic', SET)).items, [{ item: 'a', value: 'v' }]);
      assert.deepEqual((await connection.read('topic', 'other')).items, [{ item: 'b', value: 'v' }]);
      assert.deepEqual((await connection.read('topic', 'third')).items, []);
      assert.deepEqual((await connection.read('another', SET)).items, []);
      assert.deepEqual(
        one.node.changes('topic').map(({ set, came }) => [set, came.map(({ item }) => item)]),
        [
          [SET, ['a']],
          ['other', ['b']],
        ],
        'what is told, one change for each set',
      );
    },
  },
  {
    name: 'appends what is to be appended when an item comes and when it leaves, and not else',
    async check(trial) {
      const [one, other] = await trial.pair('topic');
      const share = (name: string) => ({
        weight: 1,
        onCame: { log: 'log', text: `${name} came "\n` },
        onLeft: { log: 'log', text: `${name} left "\n` },
      });
      await one.hold('item', share('one'));
      await other.hold('item', share('other'));
      await one.hold('item', share('again'));
      await one.drop('item');
      await other.drop('item');
      const part = await one.readLog('log');
      assert.deepEqual(
        part?.entries.map(({ text }) => text),
        ['one came "\n', 'other left "\n'],
      );
    },
  },
];
