import assert from 'node:assert/strict';
import type { PushUser } from '../../index.js';
import { LONG_MS, type SessionCaseDefinition, type SessionTrial, withoutStore } from '../session-trial.js';

/** Renews a session as a request does that has read it earlier. */
async function renew(trial: SessionTrial, user: PushUser, channelId: string, ttl: number = LONG_MS): Promise<void> {
  await trial.store.add(user, channelId, { ttl, unlessRemoved: true });
}

export const removalCases: readonly SessionCaseDefinition[] = [
  {
    name: 'brings back no session that was removed a moment ago, when add() says unlessRemoved',
    lacks: withoutStore,
    async check(trial) {
      for (const channel of ['desk', 'phone']) await trial.add('ann', channel);
      await trial.store.remove('ann', 'desk');
      await trial.store.remove('bob', 'unknown');
      for (const channel of ['desk', 'phone']) await renew(trial, 'ann', channel);
      await renew(trial, { id: 'bob' }, 'unknown');
      await renew(trial, 'bob', 'desk');
      await trial.has([
        ['ann', ['phone']],
        ['bob', ['desk']],
      ]);
      const { expiresAt } = await trial.store.add('ann', 'desk', { ttl: LONG_MS, unlessRemoved: true });
      assert.equal(expiresAt, 0, 'the expiresAt of a session that stays removed');
    },
  },
  {
    name: 'brings back no session of a user whose sessions were all removed a moment ago, when add() says unlessRemoved',
    lacks: withoutStore,
    async check(trial) {
      await trial.add('ann', 'desk');
      await trial.store.remove('ann');
      // The store does not have the phone: a restart may have lost it before the removal.
      for (const channel of ['desk', 'phone']) await renew(trial, 'ann', channel);
      await renew(trial, 'bob', 'desk');
      await trial.has([
        ['ann', []],
        ['bob', ['desk']],
      ]);
    },
  },
  {
    name: 'restores a session that it has lost, when add() says unlessRemoved',
    lacks: withoutStore,
    async check(trial) {
      await trial.add('ann', 'desk');
      await trial.store.remove('ann', 'desk');
      await renew(trial, 'ann', 'phone');
      await renew(trial, 'ann', 'watch', Number.POSITIVE_INFINITY);
      await renew(trial, 'ann', 'watch');
      await trial.has([['ann', ['phone', 'watch']]]);
    },
  },
  {
    name: 'adds a removed session anew, and renews it from then on',
    lacks: withoutStore,
    async check(trial) {
      for (const channel of [undefined, 'desk']) {
        await trial.add('ann', 'desk');
        await trial.store.remove('ann', channel);
        await trial.add('ann', 'desk');
        await renew(trial, 'ann', 'desk');
        await trial.has([['ann', ['desk']]]);
      }
    },
  },
  {
    name: 'brings back no session that another process has removed, when add() says unlessRemoved',
    lacks: (trial) =>
      withoutStore(trial) ?? (trial.subject.another === undefined ? 'the harness has no another()' : undefined),
    async check(trial) {
      const other = (await trial.subject.another?.()) as SessionTrial['store'];
      for (const user of ['ann', 'bob']) await trial.add(user, 'desk');
      await other.remove('ann', 'desk');
      await other.remove('bob');
      for (const user of ['ann', 'bob']) await renew(trial, user, 'desk');
      await trial.has([
        ['ann', []],
        ['bob', []],
      ]);
    },
  },
];
