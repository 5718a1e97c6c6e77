import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ChannelOutcome, RecordedError } from '../../index.js';
import { HOUR, type MessageCaseDefinition, MINUTE, NOW } from '../message-trial.js';

/** Number of appends that are under way at the same time. */
const AT_ONCE = 20;
/** Number of messages that are settled in one call. */
const MANY = 300;

const error: RecordedError = {
  ...{ name: 'RateLimitError', code: 'RATE_LIMIT', message: 'Zoë: "slow down" 🐢', backend: 'pusher', status: 429 },
  ...{ retryable: true, outcome: 'rejected' },
};

function accepted(...channels: readonly string[]): ChannelOutcome {
  return { state: 'accepted', channels, backend: 'pusher', at: NOW };
}

export const settlingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'keeps each field of a settlement',
    async check(trial) {
      const held = await trial.insertHeld({ recipients: { users: ['zoë', 'bob'] } });
      const outcomes: readonly ChannelOutcome[] = [
        {
          ...accepted('desk', 'phone'),
          users: ['zoë', 'zoë'],
          info: { desk: { timetoken: '🔑', userCount: 3, ok: true } },
        },
        { state: 'rejected', channels: ['b-1'], users: ['bob'], backend: 'pusher', error, at: NOW + 1 },
        { state: 'unknown', channels: ['b-2'], users: ['bob'], error: { ...error, outcome: 'unknown' }, at: NOW + 2 },
        { state: 'skipped', channels: ['b-3'], users: ['bob'], reason: 'read', at: NOW + 3 },
      ];
      const kept = { attempts: 3, retrySending: true, backend: 'failover', error, reason: 'out of “order”', outcomes };
      const settlement = { ...held, ...kept, state: 'ERROR_RETRY', sendAfter: { inMs: HOUR } } as const;
      assert.equal(await trial.settle(settlement, NOW + 9), true);
      const after = { changedAt: NOW + 9, createdAt: NOW, sendAfter: NOW + 9 + HOUR, sentAt: undefined };
      await trial.has(held.id, { ...kept, ...after, state: 'ERROR_RETRY', deaths: 0, content: '{"data":1}' });
    },
  },
  {
    name: 'keeps the time at which a message was due when a settlement names none, and takes a date',
    async check(trial) {
      const { id, token } = await trial.insertHeld({ sendAfter: { at: NOW - MINUTE } });
      await trial.settle({ id, token, state: 'ERROR_RETRY' }, NOW + 1);
      await trial.has(id, { sendAfter: NOW - MINUTE });
      await trial.claimOne(id, { token: 'second' });
      await trial.settle({ id, token: 'second', state: 'ERROR_RETRY', sendAfter: { at: NOW + HOUR } }, NOW + 2);
      await trial.has(id, { sendAfter: NOW + HOUR });
      await trial.claims([], { now: NOW + HOUR - 1 });
      await trial.claims([id], { now: NOW + HOUR });
    },
  },
  {
    name: 'notes when a message became SENT, and no time for another state',
    async check(trial) {
      const { id, token } = await trial.insertHeld();
      await trial.settle({ id, token, state: 'ERROR_RETRY', retrySending: true, error, backend: 'pusher' }, NOW + 1);
      await trial.has(id, { sentAt: undefined, changedAt: NOW + 1, error });
      await trial.claimOne(id, { now: NOW + 2, token: 'second' });
      await trial.has(id, { changedAt: NOW + 2, attempts: 1 });
      assert.equal(await trial.settle({ id, token: 'second', attempts: 2 }, NOW + 3), true);
      const gone = { error: undefined, backend: undefined, retrySending: false };
      await trial.has(id, { state: 'SENT', sentAt: NOW + 3, changedAt: NOW + 3, attempts: 2, ...gone });
    },
  },
  {
    name: 'empties the content when a settlement says so, and nothing else',
    async check(trial) {
      const [kept, dropped] = [await trial.insertHeld(), await trial.insertHeld()];
      await trial.settle(kept);
      await trial.settle({ ...dropped, dropsContent: true });
      await trial.has(kept.id, { content: '{"data":1}', details: '{"timeout":1}' });
      await trial.has(dropped.id, { content: '', details: '{"timeout":1}', state: 'SENT', event: 'order.shipped' });
    },
  },
  {
    name: 'puts the outcomes of a settlement in place of those of the settlement before',
    async check(trial) {
      const { id, token } = await trial.insertHeld();
      await trial.settle({ id, token, state: 'ERROR_RETRY', outcomes: [accepted('a'), accepted('b')] });
      await trial.has(id, { outcomes: [accepted('a'), accepted('b')] });
      await trial.claimOne(id, { token: 'second' });
      await trial.has(id, { outcomes: [accepted('a'), accepted('b')] });
      await trial.settle({ id, token: 'second', outcomes: [accepted('c')] });
      await trial.has(id, { outcomes: [accepted('c')] });
    },
  },
  {
    name: 'appends outcomes whoever holds the message, before those of any settlement',
    async check(trial) {
      const { id, token } = await trial.insertHeld();
      await trial.store.append([{ id, outcomes: [accepted('a')] }]);
      await trial.has(id, { outcomes: [accepted('a')], state: 'SENDING' });
      await trial.settle({ id, token, state: 'ERROR_RETRY', outcomes: [accepted('x')] });
      await trial.has(id, { outcomes: [accepted('a'), accepted('x')] });
      await trial.store.append([{ id, outcomes: [accepted('b'), accepted('c')] }]);
      await trial.claimOne(id, { token: 'second' });
      await trial.settle({ id, token: 'second', outcomes: [accepted('y')] });
      await trial.store.append([{ id, outcomes: [accepted('d')] }]);
      const outcomes = ['a', 'b', 'c', 'd', 'y'].map((channel) => accepted(channel));
      await trial.has(id, { outcomes, state: 'SENT', attempts: 1 });
    },
  },
  {
    name: 'loses none of the outcomes that are appended at the same time',
    async check(trial) {
      const { id } = await trial.insertHeld();
      const other = await trial.insertHeld();
      const channels = Array.from({ length: AT_ONCE }, (_, n) => `channel-${n}`);
      const gone = { id: trial.message().id, outcomes: [accepted('gone')] };
      await Promise.all(
        channels.map((channel) =>
          trial.store.append([
            { id, outcomes: [accepted(channel)] },
            gone,
            { id: other.id, outcomes: [accepted(`other-${channel}`)] },
          ]),
        ),
      );
      const appended = (await trial.stored(id)).outcomes.flatMap((outcome) => outcome.channels);
      assert.deepEqual(appended.toSorted(), channels.toSorted());
      assert.equal((await trial.stored(other.id)).outcomes.length, AT_ONCE);
    },
  },
  {
    name: 'settles many messages in one call, and answers for each in their order',
    async check(trial) {
      const token = randomUUID();
      const ids = await trial.insertMany(MANY, { lease: { token, ms: MINUTE } });
      const rest = { token, attempts: 1, retrySending: false, dropsContent: false, state: 'SENT' } as const;
      const settlements = ids.map((id, n) => ({ ...rest, id, outcomes: [accepted(`channel-${n}`)] }));
      const odd = settlements.map((one, n) => (n % 3 === 0 ? { ...one, token: 'nobody' } : one));
      const expected = ids.map((_, n) => n % 3 !== 0);
      assert.deepEqual(await trial.store.settle(odd, NOW + 1), expected, 'the answers of settle()');
      assert.deepEqual(
        await trial.store.settle([...settlements, { ...rest, id: trial.message().id, outcomes: [] }], NOW + 2),
        [...expected.map((isSettled) => !isSettled), false],
        'the answers of settle() for those that are left',
      );
      for (const n of [0, 1, MANY - 1]) {
        await trial.has(ids[n] ?? '', {
          outcomes: [accepted(`channel-${n}`)],
          sentAt: n % 3 === 0 ? NOW + 2 : NOW + 1,
        });
      }
    },
  },
];
