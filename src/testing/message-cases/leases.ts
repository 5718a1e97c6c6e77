import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { assertFields, HOUR, idsOf, type MessageCaseDefinition, MINUTE, NOW, SERVICE } from '../message-trial.js';

/** A time at which the lease of a minute that was taken at `NOW` has run out. */
const LATER = NOW + MINUTE + 1;

export const leaseCases: readonly MessageCaseDefinition[] = [
  {
    name: 'claims a message again when its lease has run out, and not before',
    async check(trial) {
      const inserted = await trial.insertHeld();
      await trial.claims([], { now: NOW + MINUTE - 1 });
      // Whoever claims it learns its age from it.
      assertFields(await trial.claimOne(inserted.id, { now: LATER }), { changedAt: LATER });
      await trial.claims([], { now: LATER + MINUTE - 1 });
      await trial.claimOne(inserted.id, { now: LATER + MINUTE + 1 });
    },
  },
  {
    name: 'claims a message whose lease ran out alone, and before all others',
    async check(trial) {
      const token = randomUUID();
      const low = (at: number) => trial.insert({ priority: 'low', sendAfter: { at } });
      const dead = [await low(NOW), await low(NOW + 1)];
      await trial.claims(idsOf(dead), { now: NOW + 1, token });
      const due = [await trial.insert({ priority: 'high' }), await trial.insert({ priority: 'normal' })];
      const now = LATER + 1;
      const alone = [await trial.claim({ now }), await trial.claim({ now })];
      assert.deepEqual(
        alone.map(idsOf).sort(),
        idsOf(dead)
          .sort()
          .map((id) => [id]),
        'claims of one message each',
      );
      for (const message of alone.flat()) assertFields(message, { isBegun: false });
      for (const message of await trial.claims(idsOf(due), { now })) assertFields(message, { isBegun: true });
    },
  },
  {
    name: 'claims no message of another service or with an unknown condition when its lease ran out',
    async check(trial) {
      await trial.insertHeld({ service: 'blog' });
      const { id } = await trial.insertHeld({ condition: 'unread' });
      await trial.claims([], { now: LATER, conditions: ['other'] });
      await trial.claims([id], { now: LATER, conditions: ['unread'] });
    },
  },
  {
    name: 'counts a death when a message had begun: recorded under a lease, claimed when due, or noted by begin',
    async check(trial) {
      const { store } = trial;
      const inserted = await trial.insertHeld();
      assertFields(await trial.claimOne(inserted.id, { now: LATER, ms: HOUR }), { deaths: 1 });
      await trial.has(inserted.id, { deaths: 1 });

      const claimed = await trial.insert();
      await trial.claimOne(claimed.id);
      assertFields(await trial.claimOne(claimed.id, { now: LATER, token: 'second' }), { deaths: 1, isBegun: false });
      await store.begin('second', [claimed.id]);
      assertFields(await trial.claimOne(claimed.id, { now: LATER + 2 * MINUTE }), { deaths: 2, isBegun: false });
    },
  },
  {
    name: 'counts no death of a worker that had claimed a message and not begun it',
    async check(trial) {
      const { id } = await trial.insertHeld();
      for (let n = 0; n < 3; n++) {
        const now = LATER + n * 2 * MINUTE;
        assertFields(await trial.claimOne(id, { now, token: `claim ${n}` }), { deaths: 1, isBegun: false });
        // Another one's word, and a word about another message.
        await trial.store.begin('nobody', [id]);
        await trial.store.begin(`claim ${n}`, [trial.message().id]);
      }
      await trial.has(id, { deaths: 1 });
    },
  },
  {
    name: 'counts no death of a message that was handed back in time',
    async check(trial) {
      const held = await trial.insertHeld();
      await trial.settle({ ...held, state: 'WAITING' });
      assertFields(await trial.claimOne(held.id, { now: NOW + HOUR }), { deaths: 0, isBegun: true });
    },
  },
  {
    name: 'lengthens a lease from now on, and says which messages are still held',
    async check(trial) {
      const token = randomUUID();
      const lease = { token, ms: MINUTE };
      const [held, settled, theirs] = [
        await trial.insert({ lease }),
        await trial.insert({ lease }),
        (await trial.insertHeld()).id,
      ] as const;
      await trial.settle({ id: settled.id, token });
      const ids = [settled.id, held.id, trial.message().id, theirs];
      assert.deepEqual(await trial.store.renew({ token, ms: 10 * MINUTE }, ids, NOW + 30_000), [held.id]);
      await trial.claims([theirs], { now: LATER, ms: HOUR });
      await trial.claims([], { now: NOW + 10 * MINUTE + 29_999 });
      await trial.claims([held.id], { now: NOW + 10 * MINUTE + 30_001 });
    },
  },
  {
    name: 'lets whoever lost a lease neither settle nor renew nor begin, and changes nothing then',
    async check(trial) {
      const lost = await trial.insertHeld();
      const { token } = await trial.claimOne(lost.id, { now: LATER });
      const before = await trial.stored(lost.id);
      const wrong = { attempts: 9, retrySending: true, backend: 'lost', reason: 'lost', dropsContent: true };
      const outcomes = [{ state: 'accepted', channels: ['lost'], at: NOW }] as const;
      for (const now of [LATER, NOW]) {
        assert.equal(await trial.settle({ ...lost, ...wrong, outcomes }, now), false, 'settle() without the lease');
        assert.equal(await trial.settle({ ...lost, ...wrong, state: 'WAITING' }, now), false, 'handing back');
      }
      assert.deepEqual(await trial.store.renew({ token: lost.token, ms: HOUR }, [lost.id], LATER), []);
      await trial.store.begin(lost.token, [lost.id]);
      await trial.has(lost.id, before);
      assertFields(await trial.claimOne(lost.id, { now: LATER + MINUTE + 1, token: 'third' }), { deaths: 1 });
      assert.equal(await trial.settle({ id: lost.id, token }, LATER + MINUTE + 2), false, 'settle() of the second');
      assert.equal(await trial.settle({ id: lost.id, token: 'third' }, LATER + MINUTE + 2), true);
      await trial.has(lost.id, { state: 'SENT', content: before.content, outcomes: [] });
    },
  },
  {
    name: 'lets a message be renewed and settled after its time, when nobody has claimed it meanwhile',
    async check(trial) {
      const [one, other] = [await trial.insertHeld(), await trial.insertHeld()];
      assert.deepEqual(await trial.store.renew({ token: one.token, ms: MINUTE }, [one.id], LATER), [one.id]);
      assert.equal(await trial.settle(other, LATER), true, 'settle() of a message that nobody has claimed');
      await trial.claims([], { now: LATER });
      await trial.claims([one.id], { now: LATER + MINUTE + 1 });
      await trial.finds({ states: ['SENT'] }, [other.id]);
      assert.equal(await trial.store.count({ service: SERVICE }), 2);
    },
  },
];
