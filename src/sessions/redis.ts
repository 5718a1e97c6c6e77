import { ConfigurationError, ValidationError } from '../core/errors.js';
import { causeOf, REDACTED, textOf } from '../core/redaction.js';
import { TimeSlices } from '../core/time-slices.js';
import type { Identify, PushUser, SessionStore } from './adapter.js';
import { recalling } from './recalled.js';
import { checkedTtl, DEFAULT_TTL_MS, newChannelId, REMOVAL_KEPT_MS } from './session-data.js';

/** Users in one script. It blocks Redis for about a millisecond. */
const USERS_PER_SCRIPT = 500;
/** Users that are asked for in one turn of the event loop. No turn waits for the answer to the one before. */
const USERS_PER_TURN = 10_000;
/** Longest lifetime that Redis takes, in milliseconds. A session that would live longer has no end. */
const LONGEST_TTL_MS = 2 ** 52;
/** Stands for all sessions of a user. No channel has this id. */
const EVERY_CHANNEL = '';

/** Options of {@link redisSessions}. */
export interface RedisSessionsOptions<User = PushUser> {
  /** Text before every key. A user's sessions are in the key `<prefix>sessions:<id>`. @default 'pushrail:' */
  prefix?: string | undefined;
  /**
   * How long a session lives after `add` or `touch`, in milliseconds; above 0. With Infinity, the sessions of a crashed
   * process stay until `remove`.
   * @default 24 hours
   */
  ttl?: number | undefined;
  /** Returns the id of a user. @default identifyUser: the user itself, or its `id` */
  identify?: Identify<User> | undefined;
}

/** A client of the package `ioredis`: `Redis` or `Cluster`. */
export interface IoredisLike {
  readonly isCluster?: boolean | undefined;
  pipeline(commands: unknown[][]): {
    exec(): Promise<readonly (readonly [error: Error | null, result: unknown])[] | null>;
  };
}

/**
 * A client of the package `redis`: `createClient` or `createClientPool`. It sends the commands of one tick together.
 */
export interface NodeRedisLike {
  sendCommand(command: string[]): Promise<unknown>;
}

/** A client of the package `redis`: `createCluster`. */
export interface NodeRedisClusterLike {
  readonly masters: readonly unknown[];
  sendCommand(firstKey: string, isReadonly: boolean, command: string[]): Promise<unknown>;
}

/** A Redis client, which the application connects and closes. */
export type RedisLike = IoredisLike | NodeRedisLike | NodeRedisClusterLike;

/**
 * Stores sessions in Redis 5 or newer, for any number of processes. A look-up of any number of users takes one round
 * trip; in a cluster, one for each server.
 * @param client a client of `ioredis` or `redis`. The application connects and closes it.
 * @throws ConfigurationError for anything but such a client
 * @throws ValidationError for a wrong `ttl`
 * @example
 * const sessions = redisSessions(new Redis('redis://localhost'));
 * PushService.configure({ backend: 'pusher', sessions });
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
  const { prefix = 'pushrail:' } = options;
  const { identify, recall } = recalling(options.identify);
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

  function keep(key: string, channelId: string, ttl: number, which: Kept): Promise<unknown> {
    const lifetime = checkedTtl(ttl) > LONGEST_TTL_MS ? 'inf' : String(Math.ceil(ttl));
    return change('written to', { script: keepScript, keys: [key], parameters: [channelId, lifetime, which] });
  }

  return {
    identify,
    recall,

    async channelsFor(users) {
      const keys: string[] = [];
      const slices = new TimeSlices();
      for (const user of users) {
        keys.push(keyOf(identify(user)));
        if (slices.isOver) await slices.next();
      }
      const answers: Promise<unknown[]>[] = [];
      for (let first = 0; first < keys.length; first += USERS_PER_TURN) {
        if (first > 0) await slices.next();
        const answer = lookUp(keys.slice(first, first + USERS_PER_TURN));
        // It may fail before the others are asked for. Promise.all() below reports that.
        answer.catch(() => {});
        answers.push(answer);
      }
      return ((await Promise.all(answers)) as string[][][][]).flat(2);
    },

    async add(user, channelId = newChannelId(), { ttl = defaultTtl, unlessRemoved = false } = {}) {
      const userId = identify(user);
      const which = unlessRemoved ? 'unlessRemoved' : 'any';
      const endsAt = await keep(keyOf(userId), checkedText(channelId, 'A channel id'), ttl, which);
      const expiresAt = endsAt === 'inf' ? Number.POSITIVE_INFINITY : Number(endsAt ?? 0);
      return { channelId, userId, expiresAt };
    },

    async remove(user, channelId) {
      const keys = [keyOf(identify(user))];
      const parameters = [channelId ?? EVERY_CHANNEL, String(REMOVAL_KEPT_MS)];
      await change('removed from', { script: removeScript, keys, parameters });
    },

    async touch(user, channelId, { ttl = defaultTtl } = {}) {
      return (await keep(keyOf(identify(user)), channelId, ttl, 'live')) !== null;
    },
  };
}

/**
 * Runs scripts.
 * @param channelId replaced in errors, which quote the failed command: whoever knows the channel id can listen
 */
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

/**
 * Names an error without a message. Node throws one when every address of a host refuses; `redis` throws one when
 * nothing answers.
 */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  return 'code' in error ? String(error.code) : error.constructor.name;
}

/**
 * @throws ValidationError for anything but text that UTF-8 can hold. Redis would take several texts that are not
 * well-formed for one.
 */
function checkedText(text: unknown, what: string): string {
  if (typeof text !== 'string' || text === '') throw new ValidationError(`${what} must be a string that is not empty.`);
  if (text.isWellFormed()) return text;
  throw new ValidationError(`${what} must be well-formed text; this one holds half of a surrogate pair.`);
}

/** The sessions that an addition may keep: each, each that was not removed a moment ago, or live ones alone. */
type Kept = 'any' | 'unlessRemoved' | 'live';

/** A Lua script and its arguments. In a cluster, all keys of one call must be in one slot. */
interface ScriptCall {
  readonly script: string;
  readonly keys: readonly string[];
  readonly parameters: readonly string[];
}

/** Whether a client's keys may be on different servers. */
function isCluster(client: RedisLike): boolean {
  return isIoredis(client) ? client.isCluster === true : 'masters' in client;
}

/** Whether a value is a client that can run scripts. */
function isRedisClient(value: unknown): value is RedisLike {
  if (typeof value !== 'object' || value === null) return false;
  return ['pipeline', 'sendCommand'].some((method) => typeof Reflect.get(value, method) === 'function');
}

/**
 * Runs scripts in one round trip, or in one for each server of a cluster.
 * @returns the result of each script
 * @throws whatever the client throws when a script fails
 */
async function runScripts(client: RedisLike, calls: readonly ScriptCall[]): Promise<unknown[]> {
  const commands = calls.map(({ script, keys, parameters }) => [script, String(keys.length), ...keys, ...parameters]);
  if (isIoredis(client)) {
    // In a cluster, ioredis refuses a pipeline with keys of different servers.
    const pipelines = client.isCluster === true ? commands.map((command) => [command]) : [commands];
    return (await Promise.all(pipelines.map((pipeline) => runPipeline(client, pipeline)))).flat();
  }
  if ('masters' in client) {
    return Promise.all(
      calls.map(({ keys: [firstKey = ''] }, index) =>
        client.sendCommand(firstKey, false, ['EVAL', ...(commands[index] ?? [])]),
      ),
    );
  }
  return Promise.all(commands.map((command) => client.sendCommand(['EVAL', ...command])));
}

async function runPipeline(client: IoredisLike, commands: readonly string[][]): Promise<unknown[]> {
  const results = await client.pipeline(commands.map((command) => ['eval', ...command])).exec();
  return (results ?? []).map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
}

/** Clients of both packages have `sendCommand`. Only those of `ioredis` have `pipeline`. */
function isIoredis(client: RedisLike): client is IoredisLike {
  return 'pipeline' in client;
}

// A user's sessions are a sorted set of channel ids. The score is the end of the session, in milliseconds since the
// epoch by the clock of the Redis server. The clocks of processes differ: one that is fast would delete sessions that
// are live for the others. So each change is one atomic script that reads the server's clock.
// A channel that was removed stays in the set for a while, with a negative score: the end of the mark. The empty text
// is marked when all were removed. All is in one key, because the keys of a script must be on one server of a cluster.

/** Sets `now`, in milliseconds since the epoch. */
const readClock = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)`;

/** Makes the key expire with its last session or mark. It stays while a session has no end. */
const renewExpiry = `
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2]
if last == 'inf' then
  redis.call('PERSIST', KEYS[1])
elseif last then
  local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', math.max(tonumber(last), -tonumber(first))))
end`;

/** Drops sessions and marks whose end has come. */
const dropExpired = `
local moment = string.format('%.0f', now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-' .. moment, moment)`;

/**
 * Adds a session or renews it. Keys: the user's. Parameters: the channel id; its lifetime in milliseconds or `inf`;
 * which sessions are kept.
 * @returns the end of the session as text; nil when it is not kept
 */
const keepScript: string = `${readClock}${dropExpired}
local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or 0)
if ARGV[3] == 'live' and score <= 0 then return false end
if ARGV[3] == 'unlessRemoved' and (score < 0 or score == 0 and redis.call('ZSCORE', KEYS[1], '')) then return false end
local ends = ARGV[2]
if ends ~= 'inf' then ends = string.format('%.0f', now + ends) end
redis.call('ZADD', KEYS[1], ends, ARGV[1])${renewExpiry}
return ends`;

/**
 * Removes a session, and marks it as removed. Keys: the user's. Parameters: the channel id, or the empty text for all
 * of the user's; how long the mark stays, in milliseconds.
 */
const removeScript: string = `${readClock}${dropExpired}
if ARGV[1] == '' then redis.call('DEL', KEYS[1]) end
redis.call('ZADD', KEYS[1], string.format('%.0f', -(now + ARGV[2])), ARGV[1])${renewExpiry}`;

/**
 * Reads the live sessions of users. It changes nothing, so a replica may run it. Keys: the users'.
 * @returns a list for each key
 */
const lookUpScript: string = `${readClock}
local call, after, found = redis.call, '(' .. string.format('%.0f', now), {}
for position = 1, #KEYS do
  found[position] = call('ZRANGEBYSCORE', KEYS[position], after, '+inf')
end
return found`;
