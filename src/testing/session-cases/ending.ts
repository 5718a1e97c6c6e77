import assert from 'node:assert/strict';
import { LONG_MS, type SessionCaseDefinition, SHORT_MS, withoutSessions, withoutStore } from '../session-trial.js';

/** A lifetime that is long enough for the next call, and short enough to wait for, in milliseconds. */
const ENOUGH_MS = 2000;

export const endingCases: readonly SessionCaseDefinition[] = [
  {
    name: 'forgets a session when it expires, and keeps the others of the user',
    lacks: withoutSessions,
    async check(trial) {
      await trial.add('ann', 'long', LONG_MS);
      await trial.add('ann', 'short', SHORT_MS);
      await trial.add('bob', 'short', SHORT_MS);
      await trial.pass(SHORT_MS);
      await trial.comesToHave('ann', ['long']);
      await trial.comesToHave('bob', []);
    },
  },
  {
    name: 'keeps a session that has no end',
    lacks: withoutStore,
    async check(trial) {
      const { expiresAt } = await trial.store.add('ann', 'endless', { ttl: Number.POSITIVE_INFINITY });
      assert.equal(expiresAt, Number.POSITIVE_INFINITY);
      await trial.add('ann', 'short', SHORT_MS);
      await trial.pass(SHORT_MS);
      await trial.comesToHave('ann', ['endless']);
      await trial.store.remove('ann', 'endless');
      await trial.has([['ann', []]]);
    },
  },
  {
    name: 'renews the lifetime of a session that is added again',
    lacks: withoutStore,
    async check(trial) {
      await trial.add('ann', 'longer', SHORT_MS);
      await trial.add('ann', 'longer', LONG_MS);
      await trial.add('ann', 'shorter', LONG_MS);
      await trial.add('ann', 'shorter', SHORT_MS);
      await trial.pass(SHORT_MS);
      await trial.comesToHave('ann', ['longer']);
    },
  },
  {
    name: 'renews the lifetime of a live session with touch',
    lacks: withoutStore,
    async check(trial) {
      await trial.add('ann', 'longer', ENOUGH_MS);
      await trial.add('ann', 'shorter', LONG_MS);
      assert.equal(await trial.store.touch('ann', 'longer', { ttl: LONG_MS }), true, 'touch() of a live session');
      assert.equal(await trial.store.touch('ann', 'shorter', { ttl: SHORT_MS }), true, 'touch() of a live session');
      await trial.pass(ENOUGH_MS);
      await trial.comesToHave('ann', ['longer']);
    },
  },
  {
    name: 'never revives a session with touch',
    lacks: withoutStore,
    async check(trial) {
      await trial.add('ann', 'removed');
      await trial.add('ann', 'short', SHORT_MS);
      await trial.add('ann', 'desk');
      await trial.store.remove('ann', 'removed');
      await trial.pass(SHORT_MS);
      await trial.comesToHave('ann', ['desk']);
      const dead = [
        ['ann', 'removed'],
        ['ann', 'short'],
        ['ann', 'unknown'],
        ['bob', 'desk'],
      ] as const;
      for (const [user, channel] of dead) {
        assert.equal(
          await trial.store.touch(user, channel),
          false,
          `touch() of ${user}'s session "${channel}", which does not exist`,
        );
      }
      await trial.has([
        ['ann', ['desk']],
        ['bob', []],
      ]);
    },
  },
];
