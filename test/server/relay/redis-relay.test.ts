import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { expect, it, onTestFinished, vi } from 'vitest';
import { ConfigurationError } from '../../../src/core/errors.js';
import { redisRelay } from '../../../src/server/relay/redis/index.js';
import type { RelayConnection, RelayHost, SetChange, ShareChange } from '../../../src/server/relay/relay.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { startRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';

const LONG_MS = 60_000;
const topic = 'presence-"room"\n';

/** A node, and what it was told. */
interface Node {
  readonly connection: RelayConnection;
  readonly texts: string[];
  readonly changes: SetChange[];
  readonly logger: RecordingLogger;
}

function share(item: string, of: Partial<ShareChange> = {}): ShareChange {
  const onLeft = { log: 'log', text: `${item} left` };
  return { topic, set: 'members', item, share: { weight: 1, value: 'value', onLeft }, isTold: true, ...of };
}

await withRedis('the state of a Redis relay', startRedis, ({ url }) => {
  const admin = (): Redis => {
    const client = new Redis(url);
    onTestFinished(() => client.disconnect());
    return client;
  };

  async function node(prefix: string): Promise<Node> {
    const [texts, changes, logger]: [string[], SetChange[], RecordingLogger] = [[], [], new RecordingLogger()];
    const host: RelayHost = {
      logger: () => logger,
      message: (_, payload) => void texts.push(Buffer.from(payload).toString()),
      changed: (_, change) => void changes.push(change),
      deaf() {},
      hearing() {},
    };
    const connection = await redisRelay(url, { prefix }).connect(host);
    onTestFinished(() => connection.close());
    await connection.listen(0, [topic]);
    return { connection, texts, changes, logger };
  }

  /** Does something of each kind, so that there is a key of each. */
  async function doEverything({ connection }: Node): Promise<string> {
    const incarnation = await connection.register(0, LONG_MS);
    const dead = await connection.register(0, 1);
    await connection.update(
      0,
      dead,
      1,
      Array.from({ length: 600 }, (_, number) => share(`dead ${number}`)),
    );
    await vi.waitFor(async () => expect(await connection.evict(0, dead)).toBe(true), { interval: 5 });
    await connection.update(0, incarnation, LONG_MS, [share('ann'), share('bob', { set: 'other', isTold: false })]);
    await connection.update(0, incarnation, LONG_MS, [share('bob', { set: 'other', share: undefined })]);
    const entry = { log: 'log', text: 'entry' };
    await connection.publish(0, incarnation, [{ topic, payload: Buffer.from('kept'), keepMs: LONG_MS, entry }]);
    await connection.kept('another topic', LONG_MS);
    await connection.isFirst('key', LONG_MS);
    const reading = { reader: 'a', readers: ['a', 'b'], incarnation, leaseMs: LONG_MS, max: 1 };
    await connection.readLog(0, 'log', reading);
    await connection.noteInLog(0, 'log', 'a', incarnation, 'note');
    await connection.readLog(0, 'empty log', reading);
    await connection.read('a topic that is not there', 'members');
    return incarnation;
  }

  async function keysOf(client: Redis, prefix: string): Promise<string[]> {
    return (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)).sort();
  }

  it('has an expiry on each key, and all of its names begin with the prefix', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    await doEverything(await node(prefix));
    const keys = await keysOf(client, prefix);
    expect(new Set(keys.map((key) => key.slice('relay:1:'.length).split(':')[0]))).toEqual(
      new Set(['ended', 'first', 'items', 'kept', 'log', 'missed', 'nodes', 'readers', 'sets', 'shares', 'versions']),
    );
    for (const key of keys)
      expect([key, await client.pttl(prefix + key)]).toEqual([key, expect.toSatisfy((ms) => ms > 0)]);
    expect(await client.dbsize()).toBe(keys.length);
  });

  it('has nothing of a node that has ended but what tells that its sets are gone', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    await connection.update(0, incarnation, LONG_MS, [share('ann', { share: { weight: 1 } })]);
    expect(await connection.evict(0, incarnation, { isOwn: true })).toBe(false);
    expect(await keysOf(client, prefix)).toEqual(['relay:1:versions']);
  });

  it('lives on when nobody changes it: each update renews the expiry of a part of what its node holds', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    const changes = Array.from({ length: 700 }, (_, number) =>
      share('ann', { topic: `room-${number}`, isTold: false }),
    );
    await connection.update(0, incarnation, LONG_MS, changes);
    const keys = (await keysOf(client, prefix)).map((key) => prefix + key);
    for (const key of keys) await client.pexpire(key, LONG_MS);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    onTestFinished(() => void vi.useRealTimers());
    await connection.update(0, incarnation, LONG_MS, []);
    const short = async (): Promise<number> => {
      const left = await Promise.all(keys.map((key) => client.pttl(key)));
      return left.filter((ms) => ms <= LONG_MS).length;
    };
    expect(await short(), 'before an hour has passed').toBeGreaterThanOrEqual(700);
    vi.setSystemTime(Date.now() + 3_600_000);
    await connection.update(0, incarnation, LONG_MS, []);
    const after = await short();
    expect(after).toBeGreaterThan(300);
    expect(after).toBeLessThan(600);
    for (let updates = 0; updates < 10; updates++) {
      vi.setSystemTime(Date.now() + 1_000);
      await connection.update(0, incarnation, LONG_MS, []);
    }
    expect(await short()).toBe(0);
  });

  it('does not know a node whose last update it has lost, so that the node begins anew', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    await connection.update(0, incarnation, LONG_MS, [share('ann')]);
    const nodes = `${prefix}relay:1:nodes`;
    const before = await client.hget(nodes, incarnation);
    await connection.update(0, incarnation, LONG_MS, [share('bob')]);
    await client.hset(nodes, incarnation, before ?? '');
    expect(await connection.update(0, incarnation, LONG_MS, [share('cid')])).toBeUndefined();
    const again = await connection.register(0, LONG_MS);
    const update = await connection.update(0, again, LONG_MS, [share('bob')]);
    expect(update).toMatchObject({ expired: [incarnation], nodes: 1 });
    expect(await connection.evict(0, incarnation)).toBe(false);
    expect((await connection.read(topic, 'members')).items.map(({ item }) => item)).toEqual(['bob']);
  });

  it('is numbered on from where it was when Redis has lost everything', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection, changes, texts } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    await connection.update(0, incarnation, LONG_MS, [share('ann')]);
    const before = changes[0]?.version ?? Infinity;
    await client.flushall();
    expect(await connection.update(0, incarnation, LONG_MS, [])).toBeUndefined();
    expect(await connection.publish(0, incarnation, [{ topic, payload: Buffer.from('x') }])).toBe(false);
    const { version, items } = await connection.read(topic, 'members');
    expect(items).toEqual([]);
    expect(version).toBeGreaterThan(before);
    const again = await connection.register(0, LONG_MS);
    await connection.update(0, again, LONG_MS, [share('ann')]);
    expect(changes).toHaveLength(2);
    expect(changes[1]?.previous).toBe(version);
    expect(changes[1]?.version).toBeGreaterThan(version);
    expect(await connection.publish(0, again, [{ topic, payload: Buffer.from('y') }])).toBe(true);
    await connection.update(0, again, LONG_MS, []);
    expect(texts).toEqual(['y']);
  });

  it('is numbered on when the clock of Redis goes back', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection, changes } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    const ahead = (Date.now() + 3_600_000) * 1_000;
    await client.hset(`${prefix}relay:1:versions`, 'last', ahead);
    await connection.update(0, incarnation, LONG_MS, [share('ann')]);
    await connection.update(0, incarnation, LONG_MS, [share('bob')]);
    // The place of an item and a version take a number each.
    expect(changes.map(({ version }) => version)).toEqual([ahead + 2, ahead + 4]);
  });

  it('survives that scripts are flushed', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection, texts } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    await client.script('FLUSH');
    expect(await connection.publish(0, incarnation, [{ topic, payload: Buffer.from('x') }])).toBe(true);
    await client.script('FLUSH');
    expect(await connection.update(0, incarnation, LONG_MS, [share('ann')])).toMatchObject({ nodes: 1 });
    expect(texts).toEqual(['x']);
  });

  it('survives that Redis has evicted single keys', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const one = await node(prefix);
    const { connection } = one;
    const incarnation = await connection.register(0, LONG_MS);
    const all = ['ann', 'bob', 'cid'].map((item) => share(item));
    for (const key of await keysOf(client, prefix)) {
      if (key.endsWith(':nodes')) continue;
      await connection.update(0, incarnation, LONG_MS, all);
      await client.del(prefix + key);
      await connection.update(0, incarnation, LONG_MS, all);
      for (const change of all) await connection.update(0, incarnation, LONG_MS, [{ ...change, share: undefined }]);
    }
    for (const lost of [`items:${topic}\0members`, 'sets:members', 'versions']) {
      await connection.update(0, incarnation, LONG_MS, all);
      await client.del(`${prefix}relay:1:${lost}`);
      const dropped = all.map((change) => ({ ...change, share: undefined }));
      await connection.update(0, incarnation, LONG_MS, dropped);
      await connection.update(0, incarnation, LONG_MS, all);
      await connection.update(0, incarnation, LONG_MS, dropped);
      const [figures] = await connection.figures([{ topic, set: 'members' }]);
      expect([lost, figures?.items, figures?.weight]).toEqual([lost, 0, 0]);
    }
    for (const key of await keysOf(client, prefix)) expect(await client.pttl(prefix + key)).toBeGreaterThan(0);
  });

  it('loses no entry of a log of which Redis has lost a half', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection } = await node(prefix);
    const incarnation = await connection.register(0, LONG_MS);
    const append = (...texts: readonly string[]) =>
      connection.publish(
        0,
        incarnation,
        texts.map((text) => ({ topic, payload: new Uint8Array(0), entry: { log: 'log', text } })),
      );
    const read = async () =>
      connection.readLog(0, 'log', { reader: 'a', readers: ['a'], incarnation, leaseMs: LONG_MS, max: 10 });
    const texts = async () => (await read())?.entries.map(({ text }) => text);
    await append('1', '2', '3');
    await connection.passInLog(0, 'log', 'a', incarnation, (await read())?.entries[1]?.id ?? '');
    await client.del(`${prefix}relay:1:readers:log`);
    await append('4');
    expect(await texts()).toEqual(expect.arrayContaining(['3', '4']));
    const part = await read();
    await connection.passInLog(0, 'log', 'a', incarnation, part?.entries.at(-1)?.id ?? '');
    await client.del(`${prefix}relay:1:log:log`);
    await append('5', '6');
    expect(await texts()).toEqual(['5', '6']);
    for (const key of await keysOf(client, prefix)) expect(await client.pttl(prefix + key)).toBeGreaterThan(0);
  });

  it('keeps environments with other prefixes apart', async () => {
    const [one, other] = [await node(`${randomUUID()}:`), await node(`${randomUUID()}:`)];
    await one.connection.publish(0, undefined, [{ topic, payload: Buffer.from('x') }]);
    await vi.waitFor(() => expect(one.texts).toEqual(['x']));
    const incarnation = await other.connection.register(0, LONG_MS);
    await other.connection.update(0, incarnation, LONG_MS, []);
    expect(other.texts).toEqual([]);
  });

  it('keeps nothing of an incarnation that is known no longer', async () => {
    const prefix = `${randomUUID()}:`;
    const [one, other] = [await node(prefix), await node(prefix)];
    const [ended, own] = [await one.connection.register(0, LONG_MS), await one.connection.register(0, LONG_MS)];
    await other.connection.evict(0, ended, { isOwn: true });
    expect(await one.connection.publish(0, ended, [{ topic, payload: Buffer.from('x') }])).toBe(false);
    await one.connection.evict(0, own, { isOwn: true });
    // Nothing is asked of Redis in their name.
    const run = vi.spyOn(one.connection as RelayConnection & { run: () => Promise<unknown> }, 'run');
    for (const incarnation of [ended, own])
      expect(await one.connection.update(0, incarnation, LONG_MS, [])).toBeUndefined();
    expect(run).not.toHaveBeenCalled();
  });

  it('drops what a later release publishes, and says so once', async () => {
    const [prefix, client] = [`${randomUUID()}:`, admin()];
    const { connection, texts, logger } = await node(prefix);
    for (const payload of ['?a later kind', '?another', 'Pknown'])
      await client.publish(`${prefix}relay:1:t:${topic}`, payload);
    const incarnation = await connection.register(0, LONG_MS);
    await connection.update(0, incarnation, LONG_MS, []);
    expect(texts).toEqual(['known']);
    expect(logger.entries.filter(({ level }) => level === 'warn')).toMatchObject([
      { text: expect.stringContaining('bring all nodes to one release') },
    ]);
  });
});

await withRedis('a full Redis', startRedis, ({ url }) => {
  it('renews leases, ends shares and publishes, and refuses what takes memory before anything of it is done', async () => {
    const client = new Redis(url);
    const texts: string[] = [];
    const connection = await redisRelay(url, { prefix: 'full:' }).connect({
      logger: () => new RecordingLogger(),
      message: (_, payload) => void texts.push(Buffer.from(payload).toString()),
      changed() {},
      deaf() {},
      hearing() {},
    });
    onTestFinished(async () => {
      await connection.close();
      client.disconnect();
    });
    await connection.listen(0, [topic]);
    const incarnation = await connection.register(0, LONG_MS);
    await connection.update(0, incarnation, LONG_MS, [share('ann'), share('bob')]);
    await client.config('SET', 'maxmemory', '1');
    const full = { code: 'DELIVERY', outcome: 'rejected', message: expect.stringContaining('full') };
    await expect(connection.update(0, incarnation, LONG_MS, [share('cid')])).rejects.toMatchObject(full);
    const kept = { topic, payload: Buffer.from('kept'), keepMs: LONG_MS };
    const plain = { topic, payload: Buffer.from('plain') };
    await expect(connection.publish(0, incarnation, [plain, kept])).rejects.toMatchObject(full);
    const dropped = [share('ann', { share: undefined })];
    expect(await connection.update(0, incarnation, LONG_MS, dropped)).toMatchObject({ results: [{ isGone: true }] });
    expect(await connection.publish(0, incarnation, [plain])).toBe(true);
    expect((await connection.read(topic, 'members')).items.map(({ item }) => item)).toEqual(['bob']);
    await connection.update(0, incarnation, LONG_MS, []);
    expect(texts).toEqual(['plain']);
    expect(await connection.evict(0, incarnation, { isOwn: true })).toBe(false);
    expect((await connection.read(topic, 'members')).items).toEqual([]);
  });
});

it('takes a client or an address, and options that it knows', () => {
  expect(() => redisRelay({} as never)).toThrow(ConfigurationError);
  expect(() => redisRelay('http://localhost')).toThrow('This is no address of a Redis relay');
  expect(() => redisRelay('redis://localhost', { prefx: 'a' } as never)).toThrow('prefx');
  expect(() => redisRelay('redis://localhost', { prefix: 1 } as never)).toThrow('"prefix"');
});
