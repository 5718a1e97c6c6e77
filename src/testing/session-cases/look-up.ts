import assert from 'node:assert/strict';
import { type SessionCaseDefinition, withoutSessions } from '../session-trial.js';

/** Number of users in one look-up. */
const MANY = 10_000;
/** One user of this many has a session. */
const EVERY = 100;

export const lookUpCases: readonly SessionCaseDefinition[] = [
  {
    name: 'returns the channels of each user, in the order of the users',
    async check(trial) {
      const users = ['ann', 'bob', 'cy', 'dee'];
      for (const user of ['dee', 'ann', 'cy', 'bob']) await trial.add(user, `of-${user}`);
      const one = (await Promise.all(users.map((user) => trial.lookUp([user])))).flat();
      assert.deepEqual(await trial.lookUp(users), one);
      assert.deepEqual(await trial.lookUp(users.toReversed()), one.toReversed());
      if (trial.canAdd)
        assert.deepEqual(
          one,
          users.map((user) => [`of-${user}`]),
        );
    },
  },
  {
    name: 'answers an empty list with an empty list',
    async check(trial) {
      assert.deepEqual(await trial.lookUp([]), []);
    },
  },
  {
    name: 'has no channels for a user without a session',
    lacks: withoutSessions,
    async check(trial) {
      await trial.add('ann', 'desk');
      await trial.has([
        ['nobody', []],
        ['ann', ['desk']],
        ['an', []],
        ['ann2', []],
      ]);
    },
  },
  {
    name: 'has every session of a user',
    lacks: withoutSessions,
    async check(trial) {
      for (const channel of ['desk', 'phone', 'watch']) await trial.add('ann', channel);
      await trial.add('bob', 'phone');
      await trial.has([
        ['ann', ['desk', 'phone', 'watch']],
        ['bob', ['phone']],
      ]);
    },
  },
  {
    name: 'gives the same answer for a user who is in the list twice',
    async check(trial) {
      await trial.add('ann', 'desk');
      const [one, , other] = await trial.lookUp(['ann', 'bob', 'ann']);
      assert.deepEqual(one, other);
      if (trial.canAdd) assert.deepEqual(one, ['desk']);
    },
  },
  {
    name: 'looks up 10 000 users with one call and one round trip',
    async check(trial) {
      const users = Array.from({ length: MANY }, (_, n) => `user-${n}`);
      const expected: string[][] = users.map((user, n) => (n % EVERY === 0 ? [`of-${user}`] : []));
      for (const [n, channels] of expected.entries())
        for (const channel of channels) await trial.add(`user-${n}`, channel);
      const before = trial.subject.roundTrips?.() ?? 0;
      const found = await trial.lookUp(users);
      const made = (trial.subject.roundTrips?.() ?? 0) - before;
      assert.ok(made <= 1, `10 000 users must take one round trip; they took ${made}`);
      if (trial.canAdd) assert.deepEqual(found, expected);
    },
  },
  {
    name: 'does not change the list of users',
    async check(trial) {
      const users = Object.freeze(['zoe', 'ann', 'zoe', 'bob']);
      await trial.lookUp(users);
      assert.deepEqual(users, ['zoe', 'ann', 'zoe', 'bob']);
    },
  },
  {
    name: 'does not change when the caller changes its answer',
    async check(trial) {
      await trial.add('ann', 'desk');
      const before = await trial.lookUp(['ann', 'nobody']);
      for (const channels of await trial.sessions.channelsFor(['ann', 'nobody', 'ann'])) {
        // A frozen list cannot be changed, which is as good.
        if (!Object.isFrozen(channels)) (channels as string[]).push('spy');
      }
      assert.deepEqual(await trial.lookUp(['ann', 'nobody']), before);
    },
  },
];
