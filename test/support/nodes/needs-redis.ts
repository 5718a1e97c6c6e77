import { beforeEach } from 'vitest';
import { findRedis } from '../redis.js';

// Without Redis there is nothing to join the nodes: it is said so, and with `CI=true` that is a failure.
const redis = await findRedis();
if (redis === undefined) {
  const problem =
    'NOT TESTED on several nodes: no Redis server answers on 127.0.0.1:6379, or redis-server is not installed.';
  if (process.env['CI'] === 'true') throw new Error(problem);
  beforeEach(({ skip }) => skip(problem));
}
