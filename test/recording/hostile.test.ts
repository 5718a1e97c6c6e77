import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sqliteMessages } from '../../src/messages/sqlite/index.js';
import { servicesWith, stores, temporaryFolder } from './services-with-store.js';

describe.each(stores)('what is asked of a service on %s', (_name, newStore) => {
  it.each([[{ tag: {} }], [{ event: 1 }], [{ key: ['a'] }], [{ tag: null }]])('must be texts: %j', async (query) => {
    const { push } = servicesWith(newStore()).make();
    await expect(push.messages.find(query as never)).rejects.toMatchObject({ code: 'VALIDATION' });
    await expect(push.messages.count(query as never)).rejects.toMatchObject({ code: 'VALIDATION' });
  });

  it.each([['abc'], [''], ['1_'], ['__proto__']])('must have a cursor of its own, not %j', async (cursor) => {
    const { push } = servicesWith(newStore()).make();
    await push.send({ event: 'e', channels: 'a' });
    await expect(push.messages.find({ cursor })).rejects.toMatchObject({ code: 'VALIDATION' });
  });

  it('may be of a channel with any name', async () => {
    const { push, backend } = servicesWith(newStore()).make();
    backend.answer = ({ channels: [channel] }) => ({ channel, info: { id: 'n1' } });
    const { id } = await push.send({ event: 'e', channels: '__proto__' });
    const record = await push.messages.get(id);
    expect(Object.entries(record?.extraSenderData ?? {})).toEqual([['__proto__', { id: 'n1' }]]);
  });

  it('may be nested as deep as JSON takes it', async () => {
    const { push } = servicesWith(newStore()).make();
    for (let depth = 500; ; depth = Math.ceil(depth * 1.3)) {
      let data: unknown = 1;
      for (let level = 0; level < depth; level++) data = [data];
      const failure = await push
        .send({ event: 'e', channels: 'a', data, idempotencyKey: `k${depth}` })
        .then(() => undefined)
        .catch((error: unknown) => error);
      if (failure === undefined) continue;
      expect(failure).toMatchObject({ code: 'VALIDATION' });
      break;
    }
  });

  it.each(['a\0b', 'a\ud83d'])('must have names that every store keeps: %j', async (name) => {
    const { push } = servicesWith(newStore()).make();
    for (const option of ['tag', 'key', 'idempotencyKey'])
      await expect(push.send({ event: 'e', channels: 'a', [option]: name })).rejects.toMatchObject({
        code: 'VALIDATION',
      });
    await expect(push.send({ event: 'e', users: name })).rejects.toMatchObject({ code: 'VALIDATION' });
    await expect(push.send({ event: 'e', channels: 'a', relatedTo: { type: 't', id: name } })).rejects.toMatchObject({
      code: 'VALIDATION',
    });
  });
});

it('records in a transaction of SQLite that has begun before the store is open', async () => {
  const file = join(temporaryFolder(), 'push.db');
  const first = sqliteMessages({ file, lockTimeout: 100 });
  await first.open();
  await first.close();
  const { push } = servicesWith(sqliteMessages({ file, lockTimeout: 100 })).make({ worker: false });
  const transaction = new DatabaseSync(file);
  transaction.exec('BEGIN IMMEDIATE');
  const { id } = await push.send({ event: 'e', channels: 'a', transaction });
  transaction.exec('COMMIT');
  transaction.close();
  expect(await push.messages.get(id)).toMatchObject({ state: 'WAITING' });
});
