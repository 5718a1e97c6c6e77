import assert from 'node:assert/strict';
import type { NewMessage, Recipients, StoredMessage } from '../../index.js';
import { assertFields, HOUR, idsOf, type MessageCaseDefinition, MINUTE, NOW, SERVICE } from '../message-trial.js';

/** Number of receivers of a large message. */
const MANY = 10_000;
/** Number of messages in one call. */
const MANY_MESSAGES = 2_000;
/** Length of a long content, in characters. */
const LONG = 1_000_000;

/** What must be kept as it is. */
const texts: readonly string[] = [
  '',
  ' ',
  'null',
  '{"a": [1, "two"]}',
  `"'\`\\ -- ; %_ ? $1 :a \${b} \t\r\n end `,
  'Zoë, Zoe\u0308, ﬁ, 日本語, עברית, 👩‍👩‍👧, \u2028\u2029\uFEFF',
];

/** What is stored of a message that was just recorded. */
function justStored({ sendAfter, expires, idempotency, lease, ...message }: NewMessage): Partial<StoredMessage> {
  return {
    ...message,
    state: lease === undefined ? 'WAITING' : 'SENDING',
    createdAt: NOW,
    changedAt: NOW,
    sentAt: undefined,
    sendAfter: sendAfter.at ?? NOW + (sendAfter.inMs ?? 0),
    expiresAt: expires && (expires.at ?? NOW + (expires.inMs ?? 0)),
    idempotencyKey: idempotency?.key,
    attempts: 0,
    deaths: 0,
    retrySending: false,
    backend: undefined,
    error: undefined,
    reason: undefined,
    outcomes: [],
  };
}

export const recordingCases: readonly MessageCaseDefinition[] = [
  {
    name: 'keeps each field of a message',
    async check(trial) {
      const message = trial.message({
        recipients: { channels: ['news', 'private-1'] },
        priority: 'high',
        tag: 'invoice',
        key: 'invite:42',
        condition: 'unread',
        relatedTo: [
          { type: 'order', id: '42' },
          { type: 'customer', id: '7' },
        ],
        sendAfter: { at: NOW + 1234 },
        expires: { inMs: HOUR },
        idempotency: { key: 'once', digest: 'abc', ttlMs: HOUR },
      });
      const least = trial.message();
      await trial.store.insert([message, least], { now: NOW });
      for (const one of [message, least]) assertFields(await trial.stored(one.id), justStored(one));
    },
  },
  {
    name: 'keeps every text as it is, empty or not, in any script',
    async check(trial) {
      const messages = texts.map((text, n) =>
        trial.message({
          recipients: { users: [text, 'ann', `${n}`] },
          ...{ event: text, tag: text, key: text, condition: text, content: text, details: text },
          relatedTo: [{ type: text, id: text }],
        }),
      );
      await trial.store.insert(messages, { now: NOW });
      for (const message of messages) assertFields(await trial.stored(message.id), justStored(message));
      const long = await trial.insert({ content: '€'.repeat(LONG), details: 'x'.repeat(LONG) });
      assertFields(await trial.stored(long.id), justStored(long));
    },
  },
  {
    name: 'keeps 10 000 users and 10 000 channels in their order',
    async check(trial) {
      // In no order that a database sorts by.
      const names = Array.from({ length: MANY }, (_, n) => `${(n * 7919) % MANY}-${n}`);
      for (const recipients of [{ users: names }, { channels: names }] satisfies Recipients[]) {
        const { id } = await trial.insert({ recipients });
        const { users, channels } = (await trial.stored(id)).recipients;
        const found = users ?? channels ?? [];
        assert.deepEqual([found.length, users === undefined], [MANY, recipients.users === undefined]);
        // A comparison of the lists would take long to say what differs.
        const wrong = names.findIndex((name, n) => name !== found[n]);
        assert.equal(wrong, -1, `receiver ${wrong} must be "${names[wrong]}", not "${found[wrong]}"`);
      }
    },
  },
  {
    name: 'records 2 000 messages in one call, and gives them back in another',
    async check(trial) {
      const ids = await trial.insertMany(MANY_MESSAGES, { tag: 'many', relatedTo: [{ type: 'order', id: '1' }] });
      const found = await trial.store.get(SERVICE, ids);
      assert.deepEqual(idsOf(found).sort(), ids.toSorted());
      assert.equal(await trial.store.count({ service: SERVICE, tag: 'many' }), MANY_MESSAGES);
    },
  },
  {
    name: 'takes an empty list in every call that takes a list',
    async check({ store }) {
      assert.deepEqual(await store.insert([], { now: NOW }), []);
      assert.deepEqual(await store.settle([], NOW), []);
      assert.deepEqual(await store.renew({ token: 'nobody', ms: MINUTE }, [], NOW), []);
      assert.deepEqual(await store.get(SERVICE, []), []);
      assert.deepEqual([...(await store.readers([]))], []);
      await store.append([]);
      await store.begin('nobody', []);
    },
  },
  {
    name: 'records a message as SENDING under a lease, and as WAITING without one',
    async check(trial) {
      const { id } = await trial.insertHeld();
      const waiting = await trial.insert();
      await trial.has(id, { state: 'SENDING', changedAt: NOW, attempts: 0, deaths: 0 });
      await trial.has(waiting.id, { state: 'WAITING' });
      await trial.claims([waiting.id]);
    },
  },
  {
    name: 'records all messages of a call, or none when one of them cannot be recorded',
    async check(trial) {
      const { store } = trial;
      const there = await trial.insert();
      const idempotency = { key: 'once', digest: 'a', ttlMs: HOUR };
      const good = [trial.message({ tag: 'new', idempotency }), trial.message({ tag: 'new' })];
      for (const bad of [good[0] as NewMessage, trial.message({ id: there.id, tag: 'new' })]) {
        const isRecorded = await store.insert([...good, { ...bad, idempotency: undefined }], { now: NOW }).then(
          () => true,
          () => false,
        );
        assert.equal(isRecorded, false, 'insert() of two messages with one id must reject');
        await trial.finds({}, [there.id]);
        await trial.finds({ tag: 'new' }, []);
      }
      assert.deepEqual(await store.insert(good, { now: NOW }), [undefined, undefined], 'insert() of the good ones');
      assertFields(await trial.stored(there.id), justStored(there));
    },
  },
  {
    name: 'gives a message to its own service alone, and leaves out what is not there',
    async check(trial) {
      const { id } = await trial.insert();
      const other = await trial.insert({ service: 'Shop' });
      const unknown = trial.message().id;
      assert.deepEqual(idsOf(await trial.store.get(SERVICE, [other.id, id, unknown])), [id]);
      assert.deepEqual(idsOf(await trial.store.get('Shop', [id, other.id])), [other.id]);
    },
  },
  {
    name: 'does not change a message when the caller changes what it was given or got',
    async check(trial) {
      const users = ['ann', 'bob'];
      const relatedTo = [{ type: 'order', id: '42' }];
      const message = await trial.insert({ recipients: { users }, relatedTo });
      users.push('spy');
      relatedTo.push({ type: 'spy', id: '1' });
      const expected = {
        recipients: { users: ['ann', 'bob'] },
        relatedTo: [{ type: 'order', id: '42' }],
        outcomes: [],
      };
      await trial.has(message.id, expected);
      const got = await trial.stored(message.id);
      for (const list of [got.recipients.users, got.relatedTo, got.outcomes] as unknown[][]) {
        // A frozen list cannot be changed, which is as good.
        if (!Object.isFrozen(list)) list.push('spy');
      }
      await trial.has(message.id, expected);
    },
  },
];
