import assert from 'node:assert/strict';
import {
  HOUR,
  idsOf,
  type MessageCaseDefinition,
  type MessageTrial,
  NOW,
  SERVICE,
  withoutTransaction,
} from '../message-trial.js';
import { failureOf } from '../trial.js';

/** The `lacks` of a case with two transactions that write at the same time. */
function withoutTwo(trial: MessageTrial): string | undefined {
  if (trial.subject.transaction?.isAlone === true) return 'the database has one transaction that writes at a time';
  return withoutTransaction(trial);
}

export const transactionCases: readonly MessageCaseDefinition[] = [
  {
    name: 'refuses a transaction that it cannot record in, and records nothing then',
    async check(trial) {
      const { store } = trial;
      if (store.checkTransaction !== undefined) {
        for (const wrong of ['transaction', 42, {}, null]) {
          await failureOf(
            `checkTransaction() of ${String(wrong)}`,
            () => store.checkTransaction?.(wrong),
            'VALIDATION',
          );
        }
      }
      for (const transaction of ['transaction', {}]) {
        const options = { now: NOW, transaction };
        await failureOf('insert() in no transaction', () => store.insert([trial.message()], options), 'VALIDATION');
      }
      await trial.finds({}, []);
    },
  },
  {
    name: 'shows and sends nothing of a transaction before its commit',
    lacks: withoutTransaction,
    async check(trial) {
      const { store } = trial;
      const open = await trial.begin();
      store.checkTransaction?.(open.transaction);
      const message = trial.message({ key: 'invite:42', recipients: { users: ['ann', 'bob'] } });
      const answers = await store.insert([message], { now: NOW, transaction: open.transaction });
      assert.deepEqual(answers, [undefined]);
      assert.deepEqual(await store.get(SERVICE, [message.id]), [], 'get() before the commit');
      await trial.finds({ recipient: 'ann' }, []);
      // A database with one writer may let the claim wait for the commit.
      const claim = trial.claim();
      assert.deepEqual((await trial.atOnce(claim)) ?? [], [], 'claim() before the commit');
      await open.commit();
      const claimed = [...(await claim), ...(await trial.claim())];
      assert.deepEqual(idsOf(claimed), [message.id], 'the claimed messages after the commit');
      await trial.finds({ recipient: 'bob', key: 'invite:42' }, [message.id]);
    },
  },
  {
    name: 'keeps nothing of a transaction that is rolled back, not even its idempotency keys',
    lacks: withoutTransaction,
    async check(trial) {
      const { store } = trial;
      const message = trial.message({ idempotency: { key: 'once', digest: 'a', ttlMs: HOUR } });
      const open = await trial.begin();
      await store.insert([message, trial.message()], { now: NOW, transaction: open.transaction });
      await open.rollback();
      await trial.claims([]);
      await trial.finds({}, []);
      assert.deepEqual(await store.insert([message], { now: NOW }), [undefined], 'insert() of the same message');
      await trial.claims([message.id]);
    },
  },
  {
    name: 'goes on in a transaction when an idempotency key is taken',
    lacks: withoutTransaction,
    async check(trial) {
      const { store } = trial;
      const idempotency = { key: 'once', digest: 'a', ttlMs: HOUR };
      const first = trial.message({ idempotency });
      await store.insert([first], { now: NOW });
      const [second, third] = [trial.message(), trial.message()];
      const open = await trial.begin();
      const { transaction } = open;
      const answers = await store.insert([trial.message({ idempotency }), second], { now: NOW, transaction });
      assert.deepEqual([answers[0]?.id, answers[0]?.digest, answers[1]], [first.id, 'a', undefined]);
      assert.deepEqual(await store.insert([third], { now: NOW, transaction }), [undefined]);
      await open.commit();
      const claimed = await trial.claim();
      assert.deepEqual(idsOf(claimed).sort(), idsOf([first, second, third]).sort());
    },
  },
  {
    name: 'claims the messages of a transaction that began early and ended late',
    lacks: withoutTwo,
    async check(trial) {
      const { store } = trial;
      const [early, late] = [trial.message(), trial.message()];
      const [slow, quick] = [await trial.begin(), await trial.begin()];
      await store.insert([early], { now: NOW, transaction: slow.transaction });
      await store.insert([late], { now: NOW + 1, transaction: quick.transaction });
      await quick.commit();
      await trial.claims([late.id], { now: NOW + 2 });
      await slow.commit();
      await trial.claims([early.id], { now: NOW + 3 });
      assert.deepEqual((await trial.found({ states: ['SENDING'] })).toSorted(), idsOf([late, early]).sort());
    },
  },
];
