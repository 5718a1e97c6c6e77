import { test } from 'vitest';
import { OwnPostgres } from './own-postgres.js';
import { survivesRestarts } from './restarts.js';

test('PostgreSQL that is restarted in the middle loses nothing, and nothing comes twice', async () => {
  await survivesRestarts(await OwnPostgres.start());
}, 300_000);
