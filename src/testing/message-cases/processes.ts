import assert from 'node:assert/strict';
import type { ChannelOutcome, MessageStore } from '../../index.js';
import { HOUR, idsOf, type MessageCaseDefinition, MINUTE, NOW, SERVICE, withoutAnother } from '../message-trial.js';

/** Number of messages that several processes write to at the same time. */
const MANY = 30;
/** How many times two processes race. */
const ROUNDS = 10;
/** A time at which a lease of a minute has run out. */
const LATER = NOW + MINUTE + 1;

/** Starts work all at once, in another order each time. */
export async function race<Result>(round: number, ...work: readonly (() => Promise<Result>)[]): Promise<Result[]> {
  const results: Result[] = [];
  const order = work.map((_, n) => (n + round) % work.length);
  await Promise.all(
    order.map(async (n) => {
      results[n] = await (work[n] as () => Promise<Result>)();
    }),
  );
  return results;
}

function accepted(channel: string): ChannelOutcome {
  return { state: 'accepted', channels: [channel], at: NOW };
}

/** What several processes do at the same time. */
export const processCases: readonly MessageCaseDefinition[] = [
  {
    name: 'gives a message whose lease ran out to one of two processes that claim at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      for (let round = 0; round < ROUNDS; round++) {
        const { id } = await trial.insertHeld();
        const claim = (store: MessageStore) => () => trial.claim({ now: LATER, ms: HOUR }, store);
        const claimed = await race(round, claim(trial.store), claim(other));
        assert.deepEqual(claimed.flatMap(idsOf), [id], 'what two claims give together');
        await trial.has(id, { deaths: 1 });
      }
    },
  },
  {
    name: 'lets one win of a process that settles too late and one that claims at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      for (let round = 0; round < ROUNDS; round++) {
        const held = await trial.insertHeld();
        const [isSettled, isClaimed] = await race(
          round,
          () => trial.settle(held, LATER),
          async () => (await trial.claim({ now: LATER, ms: HOUR }, other)).length === 1,
        );
        assert.equal(isClaimed, !isSettled, `whether the message is claimed, when its settlement is ${isSettled}`);
        await trial.has(held.id, { state: isSettled ? 'SENT' : 'SENDING' });
      }
    },
  },
  {
    name: 'retries a message once when two processes ask for it at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      for (let round = 0; round < ROUNDS; round++) {
        const { id } = await trial.reach('ERROR');
        const retry = (store: MessageStore) => () => store.retry(SERVICE, id, NOW + 1);
        const answers = await race(round, retry(trial.store), retry(other));
        assert.deepEqual(answers.sort(), [false, true], 'the answers of retry()');
      }
    },
  },
  {
    name: 'counts a message as read once when two processes mark it at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      for (let round = 0; round < ROUNDS; round++) {
        const ids = await trial.insertMany(3);
        const mark = (store: MessageStore, of: readonly string[]) => () =>
          store.markRead({ service: SERVICE, user: 'ann', ids: of }, NOW);
        const counts = await race(round, mark(trial.store, ids), mark(other, ids.toReversed()));
        assert.equal(
          counts.reduce((sum, count) => sum + count),
          3,
          'how many two calls of markRead() found unread',
        );
      }
    },
  },
  {
    name: 'removes an old message once when two processes purge at the same time',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      await trial.insertMany(MANY, { recipients: { users: ['ann', 'bob'] } });
      const request = { service: SERVICE, ages: { WAITING: 0 }, limit: MANY, now: NOW + 1 };
      const purge = (store: MessageStore) => () => store.purge(request);
      const counts = await race(0, purge(trial.store), purge(other), purge(trial.store));
      counts.push(await trial.store.purge(request));
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        MANY,
        'how many messages the purges removed together',
      );
      await trial.finds({}, []);
    },
  },
  {
    name: 'takes what two processes write to the same messages, in whatever order they name them',
    lacks: withoutAnother,
    async check(trial) {
      const other = await trial.another();
      const token = 'of the first';
      const ids = await trial.insertMany(MANY, { key: 'invite', tag: 'invoice', lease: { token, ms: MINUTE } });
      const append = (store: MessageStore, channel: string, order: readonly string[]) => () =>
        store.append(order.map((id) => ({ id, outcomes: [accepted(channel)] })));
      const backwards = ids.toReversed();
      await race<unknown>(
        0,
        append(trial.store, 'a', ids),
        append(other, 'b', backwards),
        () => trial.store.renew({ token, ms: HOUR }, backwards, NOW + 1),
        () => other.markRead({ service: SERVICE, user: 'ann', ids }, NOW),
        append(other, 'c', ids),
        append(trial.store, 'd', backwards),
        () => trial.store.begin(token, ids),
        () => trial.store.markRead({ service: SERVICE, user: 'ann', tag: 'invoice' }, NOW),
        () => other.cancel({ service: SERVICE, key: 'invite' }, NOW),
      );
      for (const { id, outcomes, state } of await other.get(SERVICE, ids)) {
        const channels = outcomes.flatMap((outcome) => outcome.channels).sort();
        assert.deepEqual([state, channels], ['SENDING', ['a', 'b', 'c', 'd']], `the message ${id}`);
      }
      await trial.claims([], { now: LATER });
    },
  },
  {
    name: 'records one message for each idempotency key when two processes name them in different orders',
    lacks: withoutAnother,
    async check(trial) {
      const stores = [trial.store, await trial.another()];
      for (let round = 0; round < ROUNDS; round++) {
        const keys = Array.from({ length: MANY }, (_, n) => `${round}-${n}`);
        const insert = (which: number) => async () => {
          const digest = `digest-${which}`;
          const order = which === 0 ? keys : keys.toReversed();
          const messages = order.map((key) => trial.message({ idempotency: { key, digest, ttlMs: HOUR } }));
          const answers = await (stores[which] as MessageStore).insert(messages, { now: NOW });
          return messages.map(({ id }, n) => ({ key: order[n] ?? '', id, answer: answers[n] }));
        };
        const all = (await race(round, insert(0), insert(1))).flat();
        for (const key of keys) {
          const both = all.filter((one) => one.key === key);
          const [winner, ...others] = both.filter(({ answer }) => answer === undefined);
          assert.ok(winner !== undefined && others.length === 0, `one message with the key "${key}" must be recorded`);
          const taken = both.find((one) => one !== winner)?.answer;
          assert.equal(taken?.id, winner.id, `the message that has the key "${key}"`);
        }
        assert.equal(await trial.store.count({ service: SERVICE }), (round + 1) * MANY, 'the messages so far');
      }
    },
  },
];
