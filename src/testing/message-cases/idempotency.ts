import assert from 'node:assert/strict';
import type { NewMessage, Recorded } from '../../index.js';
import { HOUR, type MessageCaseDefinition, type MessageTrial, NOW, plain, withoutAnother } from '../message-trial.js';

/** Number of keys that two processes use at the same time. */
const AT_ONCE = 20;

function withKey(trial: MessageTrial, key: string, digest: string, of: Partial<NewMessage> = {}): NewMessage {
  return trial.message({ idempotency: { key, digest, ttlMs: HOUR }, ...of });
}

async function inserts(
  trial: MessageTrial,
  messages: readonly NewMessage[],
  expected: readonly (Recorded | undefined)[],
  now: number = NOW,
): Promise<void> {
  const answers = await trial.store.insert(messages, { now });
  // `undefined` has no place in JSON.
  assert.deepEqual(
    answers.map((answer) => plain(answer ?? 'recorded')),
    expected.map((answer) => answer ?? 'recorded'),
    'the answers of insert()',
  );
}

export const idempotencyCases: readonly MessageCaseDefinition[] = [
  {
    name: 'leaves out a message whose idempotency key is taken, and says whose it is',
    async check(trial) {
      const first = withKey(trial, 'once', 'digest-1', { tag: 'first' });
      await inserts(trial, [first], [undefined]);
      const second = withKey(trial, 'once', 'digest-2', { tag: 'second' });
      const taken = { id: first.id, digest: 'digest-1' };
      await inserts(trial, [second], [taken]);
      await inserts(trial, [withKey(trial, 'once', 'digest-1')], [taken]);
      await trial.finds({}, [first.id]);
      await trial.has(first.id, { tag: 'first', idempotencyKey: 'once' });
    },
  },
  {
    name: 'records the other messages of a call when an idempotency key is taken',
    async check(trial) {
      const first = withKey(trial, 'once', 'digest-1');
      await inserts(trial, [first], [undefined]);
      const [before, taken, after] = [
        withKey(trial, 'other', 'digest-2'),
        withKey(trial, 'once', 'x'),
        trial.message(),
      ];
      await inserts(trial, [before, taken, after], [undefined, { id: first.id, digest: 'digest-1' }, undefined]);
      assert.deepEqual((await trial.found({})).toSorted(), [first.id, before.id, after.id].sort());
    },
  },
  {
    name: 'takes the first of two messages with one idempotency key in one call',
    async check(trial) {
      const [first, second] = [withKey(trial, 'once', 'digest-1'), withKey(trial, 'once', 'digest-2')];
      await inserts(trial, [first, second], [undefined, { id: first.id, digest: 'digest-1' }]);
      await trial.finds({}, [first.id]);
    },
  },
  {
    name: 'has idempotency keys for each service',
    async check(trial) {
      const [ours, theirs] = [withKey(trial, 'once', 'ours'), withKey(trial, 'once', 'theirs', { service: 'blog' })];
      await inserts(trial, [ours, theirs], [undefined, undefined]);
      await inserts(trial, [withKey(trial, 'once', 'x')], [{ id: ours.id, digest: 'ours' }]);
      await inserts(trial, [withKey(trial, 'once', 'x', { service: 'blog' })], [{ id: theirs.id, digest: 'theirs' }]);
    },
  },
  {
    name: 'tells apart idempotency keys that differ in case, in accents or in blanks at the end',
    async check(trial) {
      const keys = ['once', 'Once', 'oncé', 'once ', ' once', 'once\n', ''];
      await inserts(
        trial,
        keys.map((key) => withKey(trial, key, key)),
        keys.map(() => undefined),
      );
    },
  },
  {
    name: 'remembers an idempotency key until its time is over, and takes it anew then',
    async check(trial) {
      const first = withKey(trial, 'once', 'digest-1');
      await inserts(trial, [first], [undefined]);
      await inserts(trial, [withKey(trial, 'once', 'x')], [{ id: first.id, digest: 'digest-1' }], NOW + HOUR - 1);
      const second = withKey(trial, 'once', 'digest-2');
      await inserts(trial, [second], [undefined], NOW + HOUR + 1);
      await inserts(trial, [withKey(trial, 'once', 'x')], [{ id: second.id, digest: 'digest-2' }], NOW + 2 * HOUR);
    },
  },
  {
    name: 'remembers an idempotency key of a message that is gone',
    async check(trial) {
      const first = withKey(trial, 'once', 'digest-1');
      await inserts(trial, [first], [undefined]);
      await trial.store.purge({ service: first.service, ages: { WAITING: 0 }, limit: 10, now: NOW + 1 });
      await trial.finds({}, []);
      await inserts(trial, [withKey(trial, 'once', 'x')], [{ id: first.id, digest: 'digest-1' }], NOW + 2);
    },
  },
  {
    name: 'lets one of two processes have an idempotency key when both ask at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const stores = [trial.store, await trial.another()];
      for (let n = 0; n < AT_ONCE; n++) {
        const messages = stores.map((_store, which) => withKey(trial, `once-${n}`, `digest-${which}`));
        const answers = await Promise.all(
          stores.map(async (store, which) => (await store.insert([messages[which] as NewMessage], { now: NOW }))[0]),
        );
        const winner = answers.indexOf(undefined);
        assert.ok(winner >= 0, 'one of two messages with one idempotency key must be recorded');
        const expected = { id: messages[winner]?.id, digest: `digest-${winner}` };
        assert.deepEqual(plain(answers[1 - winner] ?? 'recorded'), expected, 'the answer to the other process');
        assert.equal(await trial.store.count({ service: trial.message().service }), n + 1, 'the messages so far');
      }
    },
  },
];
