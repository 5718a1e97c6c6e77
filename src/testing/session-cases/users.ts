import assert from 'node:assert/strict';
import type { PushUser } from '../../index.js';
import { type SessionCaseDefinition, withoutSessions } from '../session-trial.js';
import { failureOf, shown } from '../trial.js';

/** Ids of different users that an adapter may confuse. */
const alike: readonly string[] = [
  'ann',
  'Ann',
  ' ann',
  'ann ',
  'ann:desk',
  'ann*',
  '{ann}',
  'än',
  'a\u0308n',
  '7',
  '07',
  '7.0',
  '__proto__',
  'constructor',
  'a\nb',
  'x'.repeat(500),
  'x'.repeat(501),
];

/** Values that are no users. */
const nobodies: readonly unknown[] = [undefined, null, '', {}, { id: '' }, { id: null }, Number.NaN, true];

export const userCases: readonly SessionCaseDefinition[] = [
  {
    name: 'takes 42, "42", 42n and { id: 42 } for one user',
    async check(trial) {
      const forms: readonly PushUser[] = [42, '42', 42n, { id: 42 }, { id: '42' }];
      for (const [n, user] of forms.entries()) await trial.add(user, `channel-${n}`);
      const [first, ...others] = await trial.lookUp(forms);
      for (const channels of others) assert.deepEqual(channels, first);
      if (trial.canAdd) assert.equal(first?.length, forms.length, `the channels of user 42 are ${shown(first)}`);
      for (const user of forms) assert.equal(trial.sessions.identify?.(user) ?? '42', '42');
    },
  },
  {
    name: 'tells apart users with similar ids',
    lacks: withoutSessions,
    async check(trial) {
      await trial.has(alike.map((user) => [user, []]));
      for (const [n, user] of alike.entries()) await trial.add(user, `channel-${n}`);
      await trial.has(alike.map((user, n) => [user, [`channel-${n}`]]));
    },
  },
  {
    name: 'refuses a user without an id',
    async check(trial) {
      for (const nobody of nobodies as readonly PushUser[]) {
        const looking = (): unknown => trial.sessions.channelsFor(['ann', nobody]);
        await failureOf(`channelsFor(["ann", ${shown(nobody)}])`, looking, 'VALIDATION');
        if (!trial.isStore) continue;
        const { store } = trial;
        const what = `of the user ${shown(nobody)}`;
        await failureOf(`add() ${what}`, () => store.add(nobody, 'desk'), 'VALIDATION');
        await failureOf(`remove() ${what}`, () => store.remove(nobody), 'VALIDATION');
        await failureOf(`touch() ${what}`, () => store.touch(nobody, 'desk'), 'VALIDATION');
      }
    },
  },
];
