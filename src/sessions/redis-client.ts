/** A client of the package `ioredis`: `Redis` or `Cluster`. */
export interface IoredisLike {
  readonly isCluster?: boolean | undefined;
  pipeline(commands: unknown[][]): {
    exec(): Promise<readonly (readonly [error: Error | null, result: unknown])[] | null>;
  };
}

/** A client of the package `redis`: `createClient` or `createClientPool`. Commands of one tick leave together. */
export interface NodeRedisLike {
  sendCommand(command: string[]): Promise<unknown>;
}

/** A client of the package `redis`: `createCluster`. */
export interface NodeRedisClusterLike {
  readonly masters: readonly unknown[];
  sendCommand(firstKey: string, isReadonly: boolean, command: string[]): Promise<unknown>;
}

/** A connection to Redis that the application made, and closes. */
export type RedisLike = IoredisLike | NodeRedisLike | NodeRedisClusterLike;

/** A Lua script with what it is called with. In a cluster, all keys of one call must be in one slot. */
export interface ScriptCall {
  readonly script: string;
  readonly keys: readonly string[];
  readonly parameters: readonly string[];
}

/** Whether keys may lie on different servers. */
export function isCluster(client: RedisLike): boolean {
  return isIoredis(client) ? client.isCluster === true : 'masters' in client;
}

/** Whether a value is a client that scripts can be run on. */
export function isRedisClient(value: unknown): value is RedisLike {
  if (typeof value !== 'object' || value === null) return false;
  return ['pipeline', 'sendCommand'].some((method) => typeof Reflect.get(value, method) === 'function');
}

/**
 * Runs scripts in one round trip, or one for each server of a cluster.
 * @returns what each of them returned
 * @throws whatever the client throws, when any of them failed
 */
export async function runScripts(client: RedisLike, calls: readonly ScriptCall[]): Promise<unknown[]> {
  const commands = calls.map(({ script, keys, parameters }) => [script, String(keys.length), ...keys, ...parameters]);
  if (isIoredis(client)) {
    // In a cluster, ioredis refuses a pipeline whose keys are on different servers.
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

/** Both packages' clients have a `sendCommand`; a `pipeline` only those of `ioredis`. */
function isIoredis(client: RedisLike): client is IoredisLike {
  return 'pipeline' in client;
}
