import assert from 'node:assert/strict';
import { idsOf, type MessageCaseDefinition, type MessageTrial, NOW, SERVICE } from '../message-trial.js';

const order = { type: 'order', id: '42' };

/** Asserts what a user has not read, the newest first. */
async function unread(trial: MessageTrial, user: string, expected: readonly string[]): Promise<void> {
  const { messages } = await trial.store.unread(SERVICE, user, { limit: 100 });
  assert.deepEqual(idsOf(messages), expected, `what "${user}" has not read`);
  assert.equal(await trial.store.unreadCount(SERVICE, user), expected.length, `unreadCount() of "${user}"`);
}

/** Asserts who has read messages. */
async function readers(
  trial: MessageTrial,
  expected: Readonly<Record<string, readonly string[]>>,
  ids: readonly string[],
): Promise<void> {
  const found = await trial.store.readers(ids);
  assert.ok(found instanceof Map, 'readers() must give a Map');
  assert.deepEqual(
    Object.fromEntries([...found].map(([id, users]) => [id, [...users].sort()])),
    expected,
    'who has read',
  );
}

export const readingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'counts a message as unread by each of its users until that one has read it',
    async check(trial) {
      const [first, second] = [
        (await trial.insert({ recipients: { users: ['ann', 'bob'] } }, NOW)).id,
        (await trial.insert({ recipients: { users: ['ann'] } }, NOW + 1)).id,
      ] as const;
      await trial.insert({ recipients: { channels: ['ann'] } });
      await trial.insert({ service: 'blog' });
      await unread(trial, 'ann', [second, first]);
      await unread(trial, 'bob', [first]);
      await unread(trial, 'an', []);
      const mark = { service: SERVICE, user: 'ann', ids: [first] };
      assert.equal(await trial.store.markRead(mark, NOW + 2), 1, 'the answer of markRead()');
      await unread(trial, 'ann', [second]);
      await unread(trial, 'bob', [first]);
      assert.equal(await trial.store.markRead(mark, NOW + 3), 0, 'the answer of markRead() for what was read');
    },
  },
  {
    name: 'marks as read by ids, by tag or by what a message is about, and says how many were unread',
    async check(trial) {
      const { store } = trial;
      const of = { service: SERVICE, user: 'ann' };
      const ids: string[] = [];
      for (const tag of ['invoice', 'invoice', 'Invoice', undefined, undefined]) {
        const relatedTo = ids.length === 1 || ids.length === 3 ? [order] : [{ type: 'order', id: '4' }];
        ids.push((await trial.insert({ tag, relatedTo }, NOW + ids.length)).id);
      }
      const [, b = '', c = '', d = '', e = ''] = ids;
      assert.equal(await store.markRead({ ...of, tag: 'invoice' }, NOW), 2, 'unread by tag');
      await unread(trial, 'ann', [e, d, c]);
      assert.equal(await store.markRead({ ...of, relatedTo: order }, NOW), 1, 'unread by what they are about');
      await unread(trial, 'ann', [e, c]);
      assert.equal(await store.markRead({ ...of, ids: [b, e, e, trial.message().id] }, NOW), 1, 'unread by id');
      await unread(trial, 'ann', [c]);
    },
  },
  {
    name: 'marks nothing for a user whom a message is not for, nor for another service',
    async check(trial) {
      const { store } = trial;
      const { id } = await trial.insert({ tag: 'invoice', relatedTo: [order] });
      const channels = await trial.insert({ tag: 'invoice', relatedTo: [order], recipients: { channels: ['ann'] } });
      for (const of of [
        { service: SERVICE, user: 'bob' },
        { service: 'blog', user: 'ann' },
      ]) {
        assert.equal(await store.markRead({ ...of, ids: [id] }, NOW), 0);
        assert.equal(await store.markRead({ ...of, tag: 'invoice' }, NOW), 0);
        assert.equal(await store.markRead({ ...of, relatedTo: order }, NOW), 0);
      }
      await readers(trial, {}, [id, channels.id]);
      await unread(trial, 'ann', [id]);
      assert.equal(await store.markRead({ service: SERVICE, user: 'ann', tag: 'invoice' }, NOW), 1);
      await readers(trial, { [id]: ['ann'] }, [id, channels.id]);
    },
  },
  {
    name: 'counts no cancelled message as unread',
    async check(trial) {
      const tag = 'invoice';
      const cancelled = await trial.insert({ tag });
      const sent = await trial.reach('SENT', { tag });
      await trial.store.cancel({ service: SERVICE, id: cancelled.id }, NOW);
      await unread(trial, 'ann', [sent.id]);
      assert.equal(
        await trial.store.markRead({ service: SERVICE, user: 'ann', tag }, NOW),
        1,
        'the answer of markRead()',
      );
      await unread(trial, 'ann', []);
    },
  },
  {
    name: 'counts no message as unread that its template refuses to the user, until it is due after all',
    async check(trial) {
      const skip = async (reason: string | undefined): Promise<string> => {
        const held = await trial.insertHeld({ tag: 'offer' });
        assert.equal(await trial.settle({ ...held, state: 'SKIPPED', reason }), true, 'settle() as SKIPPED');
        return held.id;
      };
      const refused = await skip('canSend');
      const others = [await skip('expired'), await skip('CANSEND'), await skip(undefined)];
      const mark = { service: SERVICE, user: 'ann' };
      const { messages } = await trial.store.unread(SERVICE, 'ann', { limit: 100 });
      assert.deepEqual(idsOf(messages).sort(), others.toSorted(), 'what "ann" has not read');
      assert.equal(await trial.store.unreadCount(SERVICE, 'ann'), others.length, 'unreadCount() of "ann"');
      assert.equal(await trial.store.markRead({ ...mark, tag: 'offer' }, NOW), others.length, 'markRead() by tag');
      assert.equal(await trial.store.markRead({ ...mark, ids: [refused] }, NOW), 0, 'markRead() by id');
      await unread(trial, 'ann', []);
      assert.equal(await trial.store.retry(SERVICE, refused, NOW), true, 'retry()');
      await trial.has(refused, { state: 'WAITING', reason: 'canSend' });
      await unread(trial, 'ann', [refused]);
    },
  },
  {
    name: 'gives what a user has not read page by page, the newest first',
    async check(trial) {
      const ids: string[] = [];
      for (let n = 0; n < 7; n++) ids.unshift((await trial.insert({}, NOW + n)).id);
      await trial.store.markRead({ service: SERVICE, user: 'ann', ids: [ids[3] ?? ''] }, NOW);
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await trial.store.unread(SERVICE, 'ann', { limit: 2, cursor });
        assert.equal(page.messages.length, 2, 'messages on a page');
        found.push(...idsOf(page.messages));
        assert.ok(found.length < ids.length, `pages must have ${ids.length - 1} messages together`);
        cursor = page.cursor;
        await trial.insert({}, NOW + 100);
      } while (cursor !== undefined);
      assert.deepEqual(
        found,
        ids.filter((_, n) => n !== 3),
      );
    },
  },
  {
    name: 'says who has read messages, and names no message that nobody has read',
    async check(trial) {
      const users = ['ann', 'bob', 'Zoë'];
      const ids = await trial.insertMany(3, { recipients: { users } });
      const [all = '', one = ''] = ids;
      for (const user of users) await trial.store.markRead({ service: SERVICE, user, ids: [all] }, NOW);
      await trial.store.markRead({ service: SERVICE, user: 'bob', ids: [one, all] }, NOW);
      await readers(trial, { [all]: users.toSorted(), [one]: ['bob'] }, [...ids, trial.message().id]);
      await readers(trial, { [one]: ['bob'] }, [one]);
    },
  },
];
