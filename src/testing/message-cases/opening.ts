import assert from 'node:assert/strict';
import type { MessageStore, PushErrorCode } from '../../index.js';
import { type MessageCaseDefinition, NOW, SERVICE, withoutAnother } from '../message-trial.js';
import { failureOf } from '../trial.js';

/** A store that is closed may say so in any of these ways. */
export const anyCode: readonly PushErrorCode[] = [
  'CONFIGURATION',
  'VALIDATION',
  'UNSUPPORTED_OPERATION',
  'ABORTED',
  'DELIVERY',
];

/** The calls that need the database. */
const calls: Readonly<Record<string, (store: MessageStore) => Promise<unknown>>> = {
  'claim()': (store) =>
    store.claim({ service: SERVICE, lease: { token: 'a', ms: 1 }, limit: 1, conditions: [], now: NOW }),
  'renew()': (store) => store.renew({ token: 'a', ms: 1 }, ['9b2e0e0e-0f4b-4c8e-9d6a-1f0d6c1b2a3f'], NOW),
  'count()': (store) => store.count({ service: SERVICE }),
  'find()': (store) => store.find({ service: SERVICE }, { limit: 1 }),
  'cancel()': (store) => store.cancel({ service: SERVICE, key: 'a' }, NOW),
  'purge()': (store) => store.purge({ service: SERVICE, ages: { SENT: 0 }, limit: 1, now: NOW }),
};

export const openingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'has a name, opens twice, migrates again, and keeps its messages',
    async check(trial) {
      const { store } = trial;
      assert.ok(typeof store.name === 'string' && store.name !== '', 'the name of a store');
      const { id } = await trial.insert({ tag: 'invoice' });
      await store.open();
      await store.migrate();
      assert.deepEqual(await store.migrate(), [], 'the migrations of a schema that is up to date');
      await trial.finds({ tag: 'invoice' }, [id]);
    },
  },
  {
    name: 'closes twice, refuses calls from then on, and works when it is opened again',
    async check(trial) {
      const { store } = trial;
      const message = await trial.insert();
      await store.close();
      await store.close();
      for (const [name, call] of Object.entries(calls)) {
        await failureOf(`${name} of a store that is closed`, () => call(store), ...anyCode);
      }
      await failureOf('insert() into a store that is closed', () => store.insert([message], { now: NOW }), ...anyCode);
      await store.open();
      await trial.insert();
      assert.ok((await store.count({ service: SERVICE })) >= 1, 'messages in a store that was opened again');
    },
  },
  {
    name: 'shows a message to another process, and keeps it when that one closes',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      const { id } = await trial.insert({ tag: 'invoice' });
      assert.equal((await other.get(SERVICE, [id]))[0]?.tag, 'invoice');
      assert.deepEqual(await other.cancel({ service: SERVICE, id }, NOW), [id]);
      await trial.has(id, { state: 'CANCELLED' });
      await other.close();
      await trial.finds({ states: ['CANCELLED'] }, [id]);
    },
  },
  {
    name: 'tells of due messages that another process records, of the named service, until it is told to stop',
    lacks: (trial) => (trial.store.listen === undefined ? 'the store has no listen()' : withoutAnother(trial)),
    async check(trial) {
      const other = await trial.another();
      const calls = { ours: 0, theirs: 0 };
      const stop = await trial.store.listen?.(SERVICE, () => void calls.ours++);
      const stopTheirs = await trial.store.listen?.('blog', () => void calls.theirs++);
      assert.ok(stop && stopTheirs);
      await other.insert([trial.message()], { now: undefined });
      await trial.comesTrue('the call of listen()', () => calls.ours > 0);
      await trial.quiet();
      assert.equal(calls.theirs, 0, 'calls for another service');
      await stop();
      const before = calls.ours;
      await other.insert([trial.message(), trial.message({ service: 'blog' })], { now: undefined });
      await trial.comesTrue('the call for the other service', () => calls.theirs > 0);
      await trial.quiet();
      assert.equal(calls.ours, before, 'calls after the end');
      await stopTheirs();
    },
  },
];
