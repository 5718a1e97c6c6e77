import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { DueRequest } from '../../index.js';
import { HOUR, idsOf, type MessageCaseDefinition, type MessageTrial, MINUTE, NOW, SERVICE } from '../message-trial.js';

const GRACE_MS = 5_000;

/** What `due` finds, by ids. */
async function due(trial: MessageTrial, of: Partial<DueRequest> = {}): Promise<readonly string[]> {
  const found = await trial.store.due({ service: SERVICE, limit: 100, conditions: [], graceMs: 0, now: NOW, ...of });
  return idsOf(found);
}

/** What a queue needs of a store: claims of named messages, and what the queue should have handed out. */
export const claimingByIdCases: readonly MessageCaseDefinition[] = [
  {
    name: 'claims among the named messages alone those that are due, by priority, then by when they were due',
    async check(trial) {
      const other = await trial.insert({ priority: 'high' });
      const late = await trial.insert({ sendAfter: { at: NOW - 1 } });
      const early = await trial.insert({ sendAfter: { at: NOW - 2 } });
      const urgent = await trial.insert({ priority: 'high' });
      const notDue = await trial.insert({ sendAfter: { at: NOW + 1 } });
      const sent = await trial.reach('SENT');
      const ids = [late, notDue, urgent, sent, early].map(({ id }) => id);
      const claimed = await trial.claims([urgent.id, early.id, late.id], { ids: [...ids, randomUUID(), 'no-id'] });
      assert.ok(
        claimed.every(({ isBegun }) => isBegun),
        'isBegun of named messages that were due',
      );
      await trial.has(urgent.id, { state: 'SENDING', deaths: 0 });
      await trial.claims([], { ids });
      await trial.claims([], { ids: [] });
      await trial.claims([notDue.id], { ids, now: NOW + 1 });
      await trial.claims([other.id]);
    },
  },
  {
    name: 'claims no named message of another service or with a condition that the worker does not know',
    async check(trial) {
      const theirs = await trial.insert({ service: 'blog' });
      const unread = await trial.insert({ condition: 'unread' });
      const held = await trial.insertHeld({ condition: 'unread' });
      const ids = [theirs.id, unread.id, held.id];
      await trial.claims([], { ids, now: NOW + HOUR });
      await trial.claims([unread.id], { ids, conditions: ['unread'] });
      await trial.claims([theirs.id], { ids, service: 'blog' });
    },
  },
  {
    name: 'claims a named message whose lease ran out alone, and counts its death',
    async check(trial) {
      const lost = await trial.insertHeld();
      const unnamed = await trial.insertHeld();
      const free = await trial.insert();
      const ids = [free.id, lost.id];
      await trial.claims([free.id], { ids, now: NOW + MINUTE - 1, token: 'in time' });
      await trial.settle({ id: free.id, token: 'in time', state: 'WAITING' }, NOW);
      const claimed = await trial.claimOne(lost.id, { ids, now: NOW + MINUTE });
      assert.equal(claimed.isBegun, false, 'isBegun of a named message whose lease ran out');
      assert.equal(claimed.deaths, 1, 'deaths of a named message whose lease ran out');
      await trial.claims([free.id], { ids, now: NOW + MINUTE });
      await trial.claimOne(unnamed.id, { now: NOW + MINUTE });
    },
  },
  {
    name: 'finds what nobody has taken: lost leases, then what is due, by priority, then by when it was due',
    async check(trial) {
      const late = await trial.insert({ sendAfter: { at: NOW - 1 } });
      const early = await trial.insert({ sendAfter: { at: NOW - 2 } });
      const low = await trial.insert({ priority: 'low', sendAfter: { at: NOW - 9 } });
      const high = await trial.insert({ priority: 'high' });
      const lost = await trial.insertHeld({}, NOW - MINUTE);
      await trial.insertHeld();
      await trial.insert({ service: 'blog' });
      await trial.reach('SENT');
      await trial.reach('CANCELLED');
      const expected = [lost, high, early, late, low].map(({ id }) => id);
      assert.deepEqual(await due(trial), expected, 'what due() finds');
      assert.deepEqual(await due(trial, { limit: 2 }), expected.slice(0, 2), 'what due() finds up to a limit');
      assert.deepEqual(await due(trial), expected, 'what due() finds again: it takes nothing');
      const [first] = await trial.store.due({ service: SERVICE, limit: 1, conditions: [], graceMs: 0, now: NOW });
      const { id } = lost;
      assert.deepEqual(first, { id, state: 'SENDING', priority: 'normal', attempts: 0, deaths: 0 });
    },
  },
  {
    name: 'finds what nobody has taken for longer than the grace, and no more',
    async check(trial) {
      const waiting = await trial.insert({ sendAfter: { at: NOW - GRACE_MS } });
      const lost = await trial.insertHeld({}, NOW - MINUTE - GRACE_MS);
      const [ids, graceMs] = [[lost.id, waiting.id], GRACE_MS];
      assert.deepEqual(await due(trial, { graceMs }), ids, 'what due() finds after the grace');
      assert.deepEqual(await due(trial, { graceMs, now: NOW - 1 }), [], 'what due() finds within the grace');
    },
  },
  {
    name: 'finds what nobody has taken without a condition, or with one that the worker knows',
    async check(trial) {
      const free = await trial.insert();
      const unread = await trial.insert({ condition: 'unread' });
      await trial.insert({ condition: 'unknown' });
      await trial.insertHeld({ condition: 'unknown' }, NOW - HOUR);
      assert.deepEqual(await due(trial), [free.id], 'what due() finds for a worker without conditions');
      const known = await due(trial, { conditions: ['unread'] });
      assert.deepEqual(known.toSorted(), [free.id, unread.id].sort(), 'what due() finds for a worker with a condition');
    },
  },
  {
    name: 'tells how often a message that nobody has taken was tried',
    async check(trial) {
      const held = await trial.insertHeld();
      await trial.settle({ ...held, state: 'ERROR_RETRY', attempts: 3, sendAfter: { at: NOW }, retrySending: true });
      const found = await trial.store.due({ service: SERVICE, limit: 9, conditions: [], graceMs: 0, now: NOW });
      const expected = { id: held.id, state: 'ERROR_RETRY', priority: 'normal', attempts: 3, deaths: 0 };
      assert.deepEqual(found, [expected], 'what due() tells');
    },
  },
];
