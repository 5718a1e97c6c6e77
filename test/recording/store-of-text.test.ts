import { expect, it } from 'vitest';
import { ConfigurationError, createPushService } from '../../src/index.js';
import { storeOfText } from '../../src/recording/store-of-text.js';
import { withPostgres } from '../support/postgres.js';

const database = withPostgres();

it('takes no parameters behind the file of SQLite, which would be a part of its name', async () => {
  const making = storeOfText('sqlite:push.db?synchronous=off');
  await expect(making).rejects.toThrow(ConfigurationError);
  await expect(making).rejects.toThrow('PUSH_MESSAGES: "sqlite:FILE" takes no parameters behind a "?"');
});

it('takes the schema of PostgreSQL out of the address', async () => {
  await database.run('CREATE SCHEMA shop');
  const messages = `${database.url()}?application_name=test&schema=shop`;
  await using push = createPushService({ backend: 'console', messages, worker: false, recording: { debug: true } });
  await push.send({ event: 'hello', channels: 'a' });
  expect(await database.run('SELECT event FROM shop.pushrail_messages')).toEqual([{ event: 'hello' }]);
});
