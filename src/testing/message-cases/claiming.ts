import assert from 'node:assert/strict';
import type { MessageStore, Priority } from '../../index.js';
import {
  assertFields,
  HOUR,
  idsOf,
  type MessageCaseDefinition,
  MINUTE,
  NOW,
  SERVICE,
  withoutAnother,
} from '../message-trial.js';

/** Number of messages that two processes share. */
const MANY = 200;
/** Most messages of one claim then: small, so that there are many claims. */
const FEW = 7;

export const claimingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'claims what is due by priority, then by when it was due',
    async check(trial) {
      const times = [3, 1, 2];
      const byName = new Map<string, string>();
      for (const priority of ['low', 'high', 'normal'] satisfies Priority[]) {
        for (const n of times) {
          const { id } = await trial.insert({ priority, sendAfter: { at: NOW - n * MINUTE } });
          byName.set(`${priority} ${n}`, id);
        }
      }
      const order = ['high', 'normal', 'low'].flatMap((priority) => [3, 2, 1].map((n) => `${priority} ${n}`));
      await trial.claims(order.map((name) => byName.get(name) ?? ''));
    },
  },
  {
    name: 'claims no more than the limit, and the rest later',
    async check(trial) {
      const ids: string[] = [];
      for (let n = 5; n > 0; n--) ids.push((await trial.insert({ sendAfter: { at: NOW - n } })).id);
      await trial.claims(ids.slice(0, 2), { limit: 2 });
      await trial.claims(ids.slice(2, 4), { limit: 2 });
      await trial.claims(ids.slice(4), { limit: 2 });
      await trial.claims([], { limit: 2 });
    },
  },
  {
    name: 'claims no message before it is due, by a date or by a time from now on',
    async check(trial) {
      const byDate = await trial.insert({ sendAfter: { at: NOW + HOUR } });
      const byTime = await trial.insert({ sendAfter: { inMs: HOUR + MINUTE } });
      await trial.has(byTime.id, { sendAfter: NOW + HOUR + MINUTE });
      await trial.claims([], { now: NOW + HOUR - 1 });
      await trial.claims([byDate.id], { now: NOW + HOUR, ms: HOUR });
      await trial.claims([], { now: NOW + HOUR + MINUTE - 1 });
      await trial.claims([byTime.id], { now: NOW + HOUR + MINUTE });
    },
  },
  {
    name: 'makes SENDING of what it claims, begun, and claims it no second time',
    async check(trial) {
      const { id } = await trial.insert({ tag: 'invoice' });
      const claimed = await trial.claimOne(id, { now: NOW + 5 });
      const expected = { state: 'SENDING', changedAt: NOW + 5, attempts: 0, deaths: 0, tag: 'invoice' } as const;
      assertFields(claimed, { ...expected, isBegun: true, isExpired: false });
      await trial.has(id, { ...expected, createdAt: NOW, sendAfter: NOW });
      await trial.claims([], { now: NOW + 6 });
    },
  },
  {
    name: 'gives all that it keeps of a message to whoever claims it',
    async check(trial) {
      const { id } = await trial.insert({
        recipients: { users: ['zoe', 'ann'] },
        ...{ priority: 'high', tag: 'invoice', key: 'invite:42', content: 'ü', details: '{}', event: 'paid' },
        relatedTo: [{ type: 'order', id: '42' }],
      });
      const { token: _token, isBegun: _isBegun, isExpired: _isExpired, ...claimed } = await trial.claimOne(id);
      await trial.has(id, claimed);
      assertFields(claimed, { content: 'ü', recipients: { users: ['zoe', 'ann'] }, event: 'paid', priority: 'high' });
    },
  },
  {
    name: 'claims messages of the named service alone',
    async check(trial) {
      const ours = await trial.insert();
      const theirs = await trial.insert({ service: 'Shop' });
      await trial.claims([], { service: 'sho' });
      await trial.claims([ours.id]);
      await trial.claims([theirs.id], { service: 'Shop' });
    },
  },
  {
    name: 'claims messages without a condition, and those whose condition the worker knows',
    async check(trial) {
      const free = await trial.insert({ sendAfter: { at: NOW - 1 } });
      const unread = await trial.insert({ condition: 'unread', sendAfter: { at: NOW - 3 } });
      const open = await trial.insert({ condition: 'shop is open', sendAfter: { at: NOW - 2 } });
      await trial.claims([free.id], { conditions: ['Unread', 'unrea'] });
      await trial.claims([open.id], { conditions: ['shop is open'] });
      await trial.claims([unread.id], { conditions: ['other', 'unread'] });
    },
  },
  {
    name: 'claims what is due behind many messages with conditions that the worker does not know',
    async check(trial) {
      await trial.insertMany(MANY, { condition: 'unknown', priority: 'high', sendAfter: { at: NOW - HOUR } });
      const { id } = await trial.insert({ priority: 'low' });
      await trial.claims([id], { limit: 1 });
    },
  },
  {
    name: 'counts the due messages whose condition no worker knows, by condition',
    async check(trial) {
      const { store } = trial;
      for (const condition of ['unread', 'unread', 'shop is open', 'known', undefined])
        await trial.insert({ condition });
      await trial.insert({ condition: 'unread', sendAfter: { inMs: HOUR } });
      await trial.insertHeld({ condition: 'held' });
      await trial.reach('ERROR_RETRY', { condition: 'retried' });
      await trial.reach('SENT', { condition: 'sent' });
      await trial.insert({ condition: 'theirs', service: 'blog' });
      const counts = async (conditions: readonly string[], now: number): Promise<unknown> => {
        const found = await store.unclaimed(SERVICE, conditions, now);
        assert.ok(found instanceof Map, 'unclaimed() must give a Map');
        return Object.fromEntries(found);
      };
      assert.deepEqual(await counts(['known'], NOW), { unread: 2, 'shop is open': 1, retried: 1 });
      assert.deepEqual(await counts(['known', 'retried', 'shop is open', 'unread'], NOW), {});
      const all = { unread: 3, 'shop is open': 1, known: 1, retried: 1 };
      const { held: _held, ...later } = (await counts([], NOW + HOUR)) as Record<string, number>;
      assert.deepEqual(later, all);
    },
  },
  {
    name: 'says whether a message has expired by the time of the claim',
    async check(trial) {
      const [byDate, byTime, never] = [
        await trial.insert({ expires: { at: NOW + HOUR }, sendAfter: { at: NOW - 3 } }),
        await trial.insert({ expires: { inMs: HOUR + MINUTE }, sendAfter: { at: NOW - 2 } }),
        await trial.insert({ sendAfter: { at: NOW - 1 } }),
      ];
      await trial.has(byTime.id, { expiresAt: NOW + HOUR + MINUTE });
      const isExpired = async (now: number): Promise<readonly boolean[]> => {
        const claimed = await trial.claims(idsOf([byDate, byTime, never]), { now, token: `at ${now}` });
        for (const { id } of claimed) await trial.settle({ id, token: `at ${now}`, state: 'WAITING' }, now);
        return claimed.map((message) => message.isExpired);
      };
      assert.deepEqual(await isExpired(NOW + HOUR - 1), [false, false, false]);
      assert.deepEqual(await isExpired(NOW + HOUR + 1), [true, false, false]);
      assert.deepEqual(await isExpired(NOW + 2 * HOUR), [true, true, false]);
    },
  },
  {
    name: 'claims no message twice when two processes claim at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const ids = await trial.insertMany(MANY);
      const claimed: string[] = [];
      const drain = async (store: MessageStore): Promise<void> => {
        for (;;) {
          const part = await trial.claim({ limit: FEW }, store);
          if (part.length === 0) return;
          assert.ok(part.length <= FEW, `claim() must give ${FEW} at most, not ${part.length}`);
          claimed.push(...idsOf(part));
          assert.ok(claimed.length <= MANY, `claims must give ${MANY} messages together, not ${claimed.length}`);
        }
      };
      const stores = [trial.store, await trial.another()];
      await Promise.all([...stores, ...stores].map(drain));
      // Whoever finds a message taken by another claim may have come away with none.
      await drain(trial.store);
      assert.deepEqual(claimed.toSorted(), ids.toSorted(), 'the messages that were claimed, each once');
      assert.equal(await trial.store.count({ service: SERVICE, states: ['SENDING'] }), MANY);
    },
  },
];
