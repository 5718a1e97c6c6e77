import { causeOf, textOf } from '../error-redaction.js';
import { ConfigurationError, ValidationError } from '../errors.js';
import { REDACTED } from '../redaction.js';
import { Turns } from '../turns.js';
import { newChannelId } from './channel-id.js';
import { isCluster, isRedisClient, type RedisLike, runScripts, type ScriptCall } from './redis-client.js';
import { keepScript, lookUpScript, removeAllScript, removeScript } from './redis-scripts.js';
import { type Identify, identifyUser, type PushUser, type SessionStore } from './session-adapter.js';
import { checkedTtl, DEFAULT_TTL_MS } from './ttl.js';

export type { IoredisLike, NodeRedisClusterLike, NodeRedisLike, RedisLike } from './redis-client.js';

/** Users that one script looks up: Redis does nothing else meanwhile, for about a millisecond. */
const USERS_PER_SCRIPT = 500;
/** Users whose look-up is written in one turn. No turn waits for the answer to the one before. */
const USERS_PER_TURN = 10_000;
/** A session that would live longer than this, in milliseconds, has no end: Redis takes no later time. */
const LONGEST_TTL_MS = 2 ** 52;

/** Options of {@link redisSessions}. */
export interface RedisSessionsOptions<User = PushUser> {
  /** Put before the name of every key; a user's sessions are at `<prefix>sessions:<id>`. @default 'pushrail:' */
  prefix?: string | undefined;
  /**
   * How long a session lives after `add` or `touch`, in milliseconds. With Infinity, what a process left behind that crashed
   * stays until it is removed. @default 24 hours
   */
  ttl?: number | undefined;
  /** A user's id. @default the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/**
 * Sessions kept in Redis (5 or newer), for any number of processes. Any number of users is one round trip; in a cluster, one
 * for each server.
 * @param client a client of `ioredis` or `redis`, connected by the application and closed by it
 * @throws ConfigurationError when the client is none, ValidationError for a wrong `ttl`
 */
export function redisSessions<User = PushUser>(
  client: RedisLike,
  options: RedisSessionsOptions<User> = {},
): SessionStore<User> {
  if (!isRedisClient(client)) {
    throw new ConfigurationError(
      'redisSessions() takes a client of the package "ioredis" or "redis": redisSessions(new Redis(url)).',
    );
  }
  const { prefix = 'pushrail:', identify = identifyUser } = options;
  const defaultTtl = checkedTtl(options.ttl ?? DEFAULT_TTL_MS);
  const usersPerScript = isCluster(client) ? 1 : USERS_PER_SCRIPT;

  function keyOf(userId: string): string {
    return `${prefix}sessions:${checkedText(userId, "A user's id")}`;
  }

  function lookUp(keys: readonly string[]): Promise<unknown[]> {
    const calls: ScriptCall[] = [];
    for (let first = 0; first < keys.length; first += usersPerScript)
      calls.push({ script: lookUpScript, keys: keys.slice(first, first + usersPerScript), parameters: [] });
    return run(client, calls, 'The sessions could not be looked up in Redis');
  }

  async function change(what: string, call: ScriptCall): Promise<unknown> {
    const [channelId] = call.parameters;
    const [result] = await run(client, [call], `The session could not be ${what} Redis`, channelId);
    return result;
  }

  function keep(key: string, channelId: string, ttl: number, which: 'any' | 'live'): Promise<unknown> {
    const lifetime = checkedTtl(ttl) > LONGEST_TTL_MS ? 'inf' : String(Math.ceil(ttl));
    return change('written to', { script: keepScript, keys: [key], parameters: [channelId, lifetime, which] });
  }

  return {
    identify,

    async channelsFor(users) {
      const keys: string[] = [];
      const turns = new Turns();
      for (const user of users) {
        keys.push(keyOf(identify(user)));
        if (turns.isOver) await turns.next();
      }
      const answers: Promise<unknown[]>[] = [];
      for (let first = 0; first < keys.length; first += USERS_PER_TURN) {
        if (first > 0) await turns.next();
        const answer = lookUp(keys.slice(first, first + USERS_PER_TURN));
        // It may fail before all others are asked for, and is told below.
        answer.catch(() => {});
        answers.push(answer);
      }
      return ((await Promise.all(answers)) as string[][][][]).flat(2);
    },

    async add(user, channelId = newChannelId(), { ttl = defaultTtl } = {}) {
      const userId = identify(user);
      const endsAt = await keep(keyOf(userId), checkedText(channelId, 'A channel id'), ttl, 'any');
      const expiresAt = endsAt === 'inf' ? Number.POSITIVE_INFINITY : Number(endsAt);
      return { channelId, userId, expiresAt };
    },

    async remove(user, channelId) {
      const keys = [keyOf(identify(user))];
      if (channelId === undefined) await change('removed from', { script: removeAllScript, keys, parameters: [] });
      else await change('removed from', { script: removeScript, keys, parameters: [channelId] });
    },

    async touch(user, channelId, { ttl = defaultTtl } = {}) {
      return (await keep(keyOf(identify(user)), channelId, ttl, 'live')) !== null;
    },
  };
}

/** Runs scripts. @param channelId kept out of the error, which names the command that failed: who knows it can listen */
async function run(
  client: RedisLike,
  calls: readonly ScriptCall[],
  failure: string,
  channelId?: string,
): Promise<unknown[]> {
  try {
    return await runScripts(client, calls);
  } catch (error) {
    const redactor = { redact: (text: string) => (channelId ? text.replaceAll(channelId, REDACTED) : text) };
    throw new Error(`${failure}: ${textOf(error, redactor) || nameOf(error)}`, { cause: causeOf(error, redactor) });
  }
}

/** Of an error without a message, such as Node's when each address of a host refused, or that of `redis` when nothing is answered. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  return 'code' in error ? String(error.code) : error.constructor.name;
}

/** @throws ValidationError for what is no text, or is none that UTF-8 can hold: several such texts would be one in Redis */
function checkedText(text: unknown, what: string): string {
  if (typeof text !== 'string' || text === '') throw new ValidationError(`${what} must be a string that is not empty.`);
  if (text.isWellFormed()) return text;
  throw new ValidationError(`${what} must be well-formed text; this one holds half of a surrogate pair.`);
}
