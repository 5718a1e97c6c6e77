import { afterAll, describe, expect, test } from 'vitest';

/**
 * Registers tests that need Redis. Where there is none and none can be started, they are skipped, and it is said so; with `CI=true` that
 * is a failure.
 * @param find gives the server, or servers, to test with
 */
export async function withRedis<Server extends { close(): Promise<void> }>(
  what: string,
  find: () => Promise<Server | undefined>,
  register: (redis: Server) => void,
): Promise<void> {
  const redis = await find();
  if (redis === undefined) {
    const problem = `NOT TESTED: ${what}. No Redis server answers on 127.0.0.1:6379, or redis-server is not installed.`;
    if (process.env['CI'] === 'true') test(what, () => expect.fail(problem));
    else test.skip(problem);
    console.warn(`\n${problem}\n`);
    return;
  }
  describe(what, () => {
    register(redis);
    afterAll(() => redis.close());
  });
}
