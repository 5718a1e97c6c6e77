import assert from 'node:assert/strict';
import type { ChannelOutcome, PurgeRequest } from '../../index.js';
import { HOUR, idsOf, type MessageCaseDefinition, MINUTE, NOW, SERVICE } from '../message-trial.js';

/** A purge that removes what was sent an hour ago, unless `of` says otherwise. */
function purgeOf(of: Partial<PurgeRequest> = {}): PurgeRequest {
  return { service: SERVICE, ages: { SENT: HOUR }, limit: 100, now: NOW, ...of };
}

export const removalCases: readonly MessageCaseDefinition[] = [
  {
    name: 'removes messages that have been in a state for long enough, and no others',
    async check(trial) {
      const { store } = trial;
      const sent: string[] = [];
      for (const at of [NOW, NOW + MINUTE, NOW + 2 * MINUTE]) {
        const held = await trial.insertHeld();
        await trial.settle(held, at);
        sent.push(held.id);
      }
      const failed = await trial.reach('ERROR');
      const waiting = await trial.insert();
      assert.equal(await store.purge(purgeOf({ now: NOW + HOUR - 1 })), 0, 'purge() before the time');
      assert.equal(
        await store.purge(purgeOf({ now: NOW + HOUR + MINUTE + 1 })),
        2,
        'purge() of two that are old enough',
      );
      const left = [sent[2] ?? '', failed.id, waiting.id];
      assert.deepEqual((await trial.found({})).toSorted(), left.toSorted());
      assert.deepEqual(await store.get(SERVICE, sent.slice(0, 2)), []);
      const ages = { ERROR: 2 * HOUR, SENT: HOUR };
      assert.equal(await store.purge(purgeOf({ ages, now: NOW + 2 * HOUR - 1 })), 1, 'purge() of one state of two');
      assert.equal(await store.purge(purgeOf({ ages, now: NOW + 2 * HOUR + 1 })), 1, 'purge() of the other state');
      assert.equal(await store.purge(purgeOf({ ages: {}, now: NOW + 9 * HOUR })), 0, 'purge() of no state');
      await trial.finds({}, [waiting.id]);
    },
  },
  {
    name: 'removes old messages in portions, of the named service alone',
    async check(trial) {
      const recipients = { users: ['ann', 'bob'] };
      const relatedTo = [{ type: 'order', id: '42' }];
      const ids = await trial.insertMany(5, { recipients, relatedTo, tag: 'invoice' });
      await trial.insert({ service: 'blog' });
      await trial.store.markRead({ service: SERVICE, user: 'bob', ids }, NOW);
      const request = purgeOf({ ages: { WAITING: 0, SENT: 0 }, limit: 2, now: NOW + 1 });
      const counts: number[] = [];
      for (let n = 0; n < 4; n++) counts.push(await trial.store.purge(request));
      assert.deepEqual(counts, [2, 2, 1, 0], 'the answers of purge()');
      for (const query of [{}, { tag: 'invoice' }, { relatedTo: relatedTo[0] }, { recipient: 'ann' }]) {
        await trial.finds(query, []);
      }
      assert.deepEqual([...(await trial.store.readers(ids))], [], 'who has read what is gone');
      assert.equal(await trial.store.unreadCount(SERVICE, 'ann'), 0, 'how many of what is gone are unread');
      assert.equal(await trial.store.count({ service: 'blog' }), 1);
    },
  },
  {
    name: 'erases a user: what was for nobody else is gone, and the rest names the user no more',
    async check(trial) {
      const { store } = trial;
      const user = 'zoë-4711';
      const both = { recipients: { users: ['ann', user, 'bob'] } };
      const [alone, shared, forChannels, theirs] = [
        (await trial.insert({ recipients: { users: [user] } })).id,
        await trial.insertHeld(both),
        (await trial.insert({ recipients: { channels: ['news'] } })).id,
        await trial.insert({ ...both, service: 'blog' }),
      ] as const;
      await store.markRead({ service: SERVICE, user, ids: [alone, shared.id] }, NOW);
      const sent = { state: 'accepted', channels: ['a-1', `${user}-1`], users: ['ann', user], at: NOW } as const;
      const failed: ChannelOutcome = {
        state: 'unknown',
        channels: [`${user}-2`, 'b-1'],
        users: [user, 'bob'],
        at: NOW,
      };
      const skipped: ChannelOutcome = {
        state: 'skipped',
        channels: [`${user}-3`],
        users: [user],
        reason: 'read',
        at: NOW,
      };
      const info = { 'a-1': { timetoken: '1' }, [`${user}-1`]: { timetoken: '2' } };
      await store.append([{ id: shared.id, outcomes: [{ ...sent, info }] }]);
      await trial.settle({ ...shared, outcomes: [failed, skipped] });

      assert.equal(await store.erase(SERVICE, user), 2, 'how many messages were for the user');
      assert.deepEqual(await store.get(SERVICE, [alone]), []);
      await trial.has(shared.id, { recipients: { users: ['ann', 'bob'] }, state: 'SENT' });
      const text = JSON.stringify(await trial.stored(shared.id));
      assert.ok(!text.includes(user), `an erased user must not show in a message; it is ${text}`);
      const outcomes = (await trial.stored(shared.id)).outcomes.map(({ state, channels, users }) => [
        state,
        channels,
        users,
      ]);
      assert.deepEqual(
        outcomes.filter(([, channels]) => channels?.length !== 0),
        [
          ['accepted', ['a-1'], ['ann']],
          ['unknown', ['b-1'], ['bob']],
        ],
      );
      await trial.finds({ recipient: user }, []);
      await trial.finds({ recipient: 'ann' }, [shared.id]);
      assert.deepEqual([...(await store.readers([alone, shared.id]))], [], 'who has read');
      assert.equal(await store.unreadCount(SERVICE, 'bob'), 1);
      assert.deepEqual((await trial.found({})).toSorted(), [shared.id, forChannels].sort());
      assert.deepEqual(idsOf(await store.get('blog', [theirs.id])), [theirs.id]);
      assert.equal((await store.get('blog', [theirs.id]))[0]?.recipients.users?.includes(user), true);
      assert.equal(await store.erase(SERVICE, user), 0, 'how many messages are for an erased user');
    },
  },
  {
    name: 'erases messages that are being sent and that wait, so that nobody sends them',
    async check(trial) {
      const held = await trial.insertHeld();
      await trial.insert();
      assert.equal(await trial.store.erase(SERVICE, 'ann'), 2);
      assert.equal(await trial.settle(held), false, 'settle() of a message that is gone');
      await trial.store.append([{ id: held.id, outcomes: [{ state: 'accepted', channels: ['a'], at: NOW }] }]);
      await trial.claims([], { now: NOW + HOUR });
      await trial.finds({}, []);
    },
  },
];
