import assert from 'node:assert/strict';
import { type MessageStore, messageStates } from '../../index.js';
import {
  assertFields,
  HOUR,
  idsOf,
  type MessageCaseDefinition,
  NOW,
  SERVICE,
  withoutAnother,
} from '../message-trial.js';

/** Number of messages that one process cancels while another one claims. */
const MANY = 12;
/** How many times they do it. */
const ROUNDS = 10;

export const cancellingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'cancels the waiting messages with a key, and says which',
    async check(trial) {
      const key = 'invite:42';
      const [now, later, retried] = [
        (await trial.insert({ key })).id,
        (await trial.insert({ key, sendAfter: { inMs: HOUR } })).id,
        (await trial.reach('ERROR_RETRY', { key })).id,
      ] as const;
      const others = [
        await trial.insert({ key: 'Invite:42' }),
        await trial.insert({ key: 'invite:4' }),
        await trial.insert(),
      ];
      const theirs = await trial.insert({ key, service: 'blog' });
      const stopped = await trial.store.cancel({ service: SERVICE, key }, NOW + 1);
      assert.deepEqual(stopped.toSorted(), [now, later, retried].sort(), 'the ids that cancel() gives');
      for (const id of stopped) await trial.has(id, { state: 'CANCELLED', changedAt: NOW + 1, sentAt: undefined, key });
      assert.deepEqual(await trial.store.cancel({ service: SERVICE, key }, NOW + 2), [], 'cancel() once more');
      assert.deepEqual(idsOf(await trial.claim({ now: NOW + 2 * HOUR })).sort(), idsOf(others).sort());
      await trial.claims([theirs.id], { service: 'blog' });
    },
  },
  {
    name: 'cancels a waiting message by its id, of the named service alone',
    async check(trial) {
      const key = 'invite:42';
      const { id } = await trial.insert({ key });
      const other = await trial.insert({ key });
      assert.deepEqual(await trial.store.cancel({ service: 'blog', id }, NOW), []);
      assert.deepEqual(await trial.store.cancel({ service: SERVICE, id: trial.message().id }, NOW), []);
      assert.deepEqual(await trial.store.cancel({ service: SERVICE, id }, NOW), [id]);
      await trial.claims([other.id]);
    },
  },
  {
    name: 'cancels no message that is being sent or that has ended',
    async check(trial) {
      const key = 'invite:42';
      for (const state of messageStates) {
        const { id } = await trial.reach(state, { key });
        const isWaiting = state === 'WAITING' || state === 'ERROR_RETRY';
        assert.deepEqual(await trial.store.cancel({ service: SERVICE, id }, NOW + 1), isWaiting ? [id] : [], state);
        await trial.has(id, { state: isWaiting ? 'CANCELLED' : state });
      }
      assert.deepEqual(await trial.store.cancel({ service: SERVICE, key }, NOW + 2), []);
    },
  },
  {
    name: 'lets one win of two processes that cancel and claim messages at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      for (let round = 0; round < ROUNDS; round++) {
        const of = { service: SERVICE, key: `invite:${round}` };
        const ids = await trial.insertMany(MANY, { key: of.key });
        const claimed: string[] = [];
        const stopped: string[] = [];
        const claim = async (store: MessageStore): Promise<void> => {
          claimed.push(...idsOf(await trial.claim({ limit: MANY / 3 }, store)));
        };
        const cancel = async (store: MessageStore, id?: string): Promise<void> => {
          stopped.push(...(await store.cancel(id === undefined ? of : { service: SERVICE, id }, NOW)));
        };
        const work = [
          () => cancel(other),
          () => claim(trial.store),
          () => cancel(trial.store, ids.at(-1)),
          () => claim(other),
          () => cancel(trial.store, ids[0]),
        ];
        // Another one is the first in each round.
        const first = round % work.length;
        await Promise.all([...work.slice(first), ...work.slice(0, first)].map((one) => one()));
        assert.deepEqual([...claimed, ...stopped].sort(), ids.toSorted(), 'what was claimed, and what was cancelled');
        const inState = async (state: 'SENDING' | 'CANCELLED'): Promise<string[]> =>
          [...(await trial.found({ states: [state], key: of.key }))].sort();
        assert.deepEqual(await inState('SENDING'), claimed.toSorted());
        assert.deepEqual(await inState('CANCELLED'), stopped.toSorted());
      }
    },
  },
  {
    name: 'makes a message due at once that failed, was skipped or waits for its next try',
    async check(trial) {
      for (const state of ['ERROR', 'SKIPPED', 'ERROR_RETRY'] as const) {
        const held = await trial.insertHeld();
        await trial.settle({ ...held, state, sendAfter: { inMs: HOUR } });
        assert.equal(await trial.store.retry('blog', held.id, NOW + 1), false, 'retry() by another service');
        assert.equal(await trial.store.retry(SERVICE, held.id, NOW + 2), true, `retry() of ${state}`);
        await trial.has(held.id, { state: 'WAITING', sendAfter: NOW + 2, changedAt: NOW + 2 });
        await trial.claimOne(held.id, { now: NOW + 2 });
      }
    },
  },
  {
    name: 'forgets the deaths of a message that is retried',
    async check(trial) {
      const { id } = await trial.insertHeld();
      const { token } = await trial.claimOne(id, { now: NOW + HOUR });
      await trial.settle({ id, token, state: 'ERROR' });
      await trial.has(id, { deaths: 1 });
      assert.equal(await trial.store.retry(SERVICE, id, NOW), true);
      await trial.has(id, { deaths: 0, state: 'WAITING', attempts: 1 });
      assertFields(await trial.claimOne(id), { deaths: 0, isBegun: true });
    },
  },
  {
    name: 'retries no message in another state, and none that is not there',
    async check(trial) {
      for (const state of ['WAITING', 'SENDING', 'SENT', 'DEBUG', 'CANCELLED'] as const) {
        const reached = await trial.reach(state, { sendAfter: { inMs: HOUR } });
        assert.equal(await trial.store.retry(SERVICE, reached.id, NOW + 1), false, `retry() of ${state}`);
        await trial.has(reached.id, { state, sendAfter: NOW + HOUR, changedAt: NOW });
        if (state === 'SENDING')
          assert.equal(await trial.settle(reached), true, 'settle() after a retry() that was refused');
      }
      assert.equal(await trial.store.retry(SERVICE, trial.message().id, NOW), false, 'retry() of what is not there');
      await trial.claims([]);
    },
  },
];
