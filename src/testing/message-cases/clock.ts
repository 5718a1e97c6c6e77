import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { assertFields, HOUR, idsOf, type MessageCaseDefinition, MINUTE, NOW, SERVICE } from '../message-trial.js';

/** Far in the past and in the future of any clock. */
const LONG_AGO = Date.UTC(2001, 0, 1);
const FAR_AHEAD = Date.UTC(2199, 0, 1);
/** A lease that ends within its case. */
const SHORT_MS = 1;

export const clockCases: readonly MessageCaseDefinition[] = [
  {
    name: 'goes by its own clock where nobody turns one',
    async check(trial) {
      const { store } = trial;
      const due = [trial.message({ sendAfter: { at: LONG_AGO } }), trial.message()];
      const later = [trial.message({ sendAfter: { at: FAR_AHEAD } }), trial.message({ sendAfter: { inMs: HOUR } })];
      const held = trial.message({ lease: { token: randomUUID(), ms: HOUR } });
      await store.insert([...later, ...due, held], { now: undefined });
      const claimed = await trial.claim({ now: undefined, ms: HOUR });
      assert.deepEqual(idsOf(claimed), idsOf(due));
      assert.deepEqual(await trial.claim({ now: undefined }), [], 'a second claim');
      const [first, second] = claimed;
      const [waiting] = await store.get(SERVICE, [later[1]?.id ?? '']);
      assert.ok(first && second && waiting);
      const delays = [second, waiting].map(({ createdAt, sendAfter }) => sendAfter - createdAt);
      for (const [n, delay] of [0, HOUR].entries()) {
        const isClose = Math.abs((delays[n] ?? 0) - delay) < MINUTE;
        assert.ok(isClose, `sendAfter must be ${delay} ms after createdAt, not ${delays[n]} ms`);
      }
      assert.ok(second.createdAt > NOW, `createdAt must be the present, not ${new Date(second.createdAt).toJSON()}`);
      assert.equal(first.sendAfter, LONG_AGO);
      const lease = { token: first.token, ms: HOUR };
      assert.deepEqual(await store.renew(lease, [first.id], undefined), [first.id]);
    },
  },
  {
    name: 'ends a lease by its own clock where nobody turns one',
    async check(trial) {
      const message = trial.message();
      await trial.store.insert([message], { now: undefined });
      await trial.claimOne(message.id, { now: undefined, ms: SHORT_MS });
      await trial.comesTrue('the claim of a message whose lease ran out', async () => {
        const claimed = await trial.claim({ now: undefined, ms: HOUR });
        for (const one of claimed) assertFields(one, { id: message.id, deaths: 1, isBegun: false });
        return claimed.length > 0;
      });
    },
  },
  {
    name: 'goes by the clock that it is given, an hour ahead and an hour back',
    async check(trial) {
      const { id } = await trial.insert();
      await trial.claims([], { now: NOW - HOUR });
      await trial.claimOne(id, { now: NOW });
      await trial.claims([], { now: NOW - HOUR });
      await trial.claimOne(id, { now: NOW + HOUR, token: 'ahead' });
      // Whoever goes by the right clock finds it held until the end of that lease.
      await trial.claims([], { now: NOW + 2 * MINUTE });
      assert.deepEqual(await trial.store.renew({ token: 'ahead', ms: 2 * HOUR }, [id], NOW), [id]);
      await trial.claims([], { now: NOW + HOUR + 2 * MINUTE });
      assert.equal(await trial.settle({ id, token: 'ahead' }, NOW - HOUR), true, 'settle() by a clock that is behind');
      await trial.has(id, { state: 'SENT', sentAt: NOW - HOUR, changedAt: NOW - HOUR, createdAt: NOW });
    },
  },
  {
    name: 'loses no message while the clock is turned an hour ahead and back',
    async check(trial) {
      const ids: string[] = [];
      for (const now of [NOW, NOW + HOUR, NOW - HOUR, NOW]) {
        ids.push((await trial.insert({}, now)).id, (await trial.insert({ sendAfter: { inMs: MINUTE } }, now)).id);
        ids.push((await trial.insertHeld({}, now)).id);
        const [claimed] = await trial.claim({ now, limit: 1 });
        if (claimed !== undefined) {
          await trial.settle(
            { id: claimed.id, token: claimed.token, state: 'ERROR_RETRY', sendAfter: { inMs: 1 } },
            now,
          );
        }
      }
      const sent: string[] = [];
      for (let now = NOW + 3 * HOUR, left = ids.length * 2; left > 0; left--) {
        for (const { id, token } of await trial.claim({ now })) {
          if (await trial.settle({ id, token }, now)) sent.push(id);
        }
      }
      assert.deepEqual(sent.toSorted(), ids.toSorted(), 'the messages that were sent, each once');
      await trial.finds({ states: ['WAITING', 'SENDING', 'ERROR_RETRY'] }, []);
    },
  },
];
