import { randomUUID } from 'node:crypto';
import { RedisStore } from 'connect-redis';
import { MemoryStore, type SessionData, type Store } from 'express-session';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import { vi } from 'vitest';
import {
  expressSessions,
  identifyUser,
  memorySessions,
  type RedisLike,
  redisSessions,
  type SessionStore,
} from '../../../src/index.js';
import type { NodeRedisLike } from '../../../src/sessions/redis.js';
import type { SessionSubject } from '../../../src/testing/index.js';

/** Under a clock that is moved by hand. */
export function memorySubject(): SessionSubject {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  return {
    sessions: memorySessions(),
    pass: (ms) => void vi.advanceTimersByTime(ms),
    close: () => void vi.useRealTimers(),
  };
}

export function ioredisSubject(url: string): SessionSubject {
  const client = new Redis(url);
  let pipelines = 0;
  const counting: Pick<Redis, 'pipeline'> = {
    pipeline: (commands) => {
      pipelines++;
      return client.pipeline(commands);
    },
  };
  const prefix = `test-${randomUUID()}:`;
  const other = new Redis(url);
  return {
    sessions: redisSessions(counting, { prefix }),
    another: () => redisSessions(other, { prefix }),
    roundTrips: () => pipelines,
    async close() {
      for (const key of await client.keys(`${prefix}*`)) await client.del(key);
      client.disconnect();
      other.disconnect();
    },
  };
}

/** A cluster is ended after its tests, so that keys may stay behind. */
export function ioredisClusterSubject(ports: readonly number[]): SessionSubject {
  const clients = [1, 2].map(() => new Cluster(ports.map((port) => ({ host: '127.0.0.1', port }))));
  return clusterSubject(clients, async () => {
    for (const client of clients) client.disconnect();
  });
}

export async function nodeRedisClusterSubject(ports: readonly number[]): Promise<SessionSubject> {
  const rootNodes = ports.map((port) => ({ url: `redis://127.0.0.1:${port}` }));
  const clients = await Promise.all([1, 2].map(() => createCluster({ rootNodes }).connect()));
  return clusterSubject(clients, async () => void (await Promise.all(clients.map((client) => client.close()))));
}

function clusterSubject(clients: readonly RedisLike[], close: () => Promise<void>): SessionSubject {
  const prefix = `test-${randomUUID()}:`;
  const [sessions, another] = clients.map((client) => redisSessions(client, { prefix })) as [
    SessionStore,
    SessionStore,
  ];
  return { sessions, another: () => another, close };
}

export async function nodeRedisSubject(url: string): Promise<SessionSubject> {
  const [client, other] = await Promise.all([createClient({ url }).connect(), createClient({ url }).connect()]);
  const prefix = `test-${randomUUID()}:`;
  /** Turns of the event loop in which commands were sent: what is sent in one leaves together. */
  let turns = 0;
  let isCounted = false;
  const counting: NodeRedisLike = {
    sendCommand(command) {
      if (!isCounted) {
        turns++;
        setImmediate(() => {
          isCounted = false;
        });
      }
      isCounted = true;
      return client.sendCommand(command);
    },
  };
  return {
    sessions: redisSessions(counting, { prefix }),
    another: () => redisSessions(other, { prefix }),
    roundTrips: () => turns,
    async close() {
      for (const key of await client.keys(`${prefix}*`)) await client.del(key);
      await Promise.all([client.close(), other.close()]);
    },
  };
}

export function memoryStoreSubject(): SessionSubject {
  return onStore(new MemoryStore(), () => {});
}

export async function connectRedisSubject(url: string): Promise<SessionSubject> {
  const client = await createClient({ url }).connect();
  const store = new RedisStore({ client, prefix: `test-${randomUUID()}:` });
  return onStore(store, async () => {
    await store.clear();
    await client.close();
  });
}

function onStore(store: Store, close: () => void | Promise<void>): SessionSubject {
  let lists = 0;
  const counting: Pick<Store, 'all'> = {
    all(callback) {
      lists++;
      return store.all?.(callback);
    },
  };
  return {
    sessions: expressSessions(counting),
    add: (user, channelId, ttl) => setSession(store, identifyUser(user), channelId, ttl),
    another: () => expressSessions(store),
    roundTrips: () => lists,
    close,
  };
}

/** As express-session does it, at the end of a response. */
function setSession(store: Store, userId: string, channelId: string, ttl: number): Promise<void> {
  const session = {
    cookie: { originalMaxAge: ttl, expires: new Date(Date.now() + ttl), path: '/', httpOnly: true },
    pushSession: { channelId, userId },
  };
  return new Promise((resolve, reject) => {
    store.set(randomUUID(), session as unknown as SessionData, (error: unknown) => (error ? reject(error) : resolve()));
  });
}
