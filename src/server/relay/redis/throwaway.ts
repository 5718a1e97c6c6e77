import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { deliveryError, plainError } from './plain-errors.js';
import type { RedisTransport, TransportHost } from './transport.js';

/** For as long as the true one is not there. */
export async function throwaway(
  client: string | { readonly options: object },
  prefix: string,
  host: TransportHost,
): Promise<RedisTransport> {
  const make = () =>
    typeof client === 'string'
      ? new Redis(client)
      : (client as unknown as Redis).duplicate({ maxRetriesPerRequest: 1 });
  const [commands, listening] = [make(), make()];
  const start = `${prefix}relay:1:`;
  listening.on('messageBuffer', (channel: Buffer, payload: Buffer) => host.message(channel.toString(), payload));
  for (const each of [commands, listening]) each.on('error', () => {});
  await Promise.all([commands.ping(), listening.ping()]);
  const shas = new Map<string, string>();
  return {
    partitions: 1,
    publishCommand: 'PUBLISH',
    name: (_partition, text) => start + text,
    textOf: (name) => ({ partition: 0, text: name.slice(start.length) }),
    async run(_partition, script, keys, parameters) {
      const sha = shas.get(script.text) ?? createHash('sha1').update(script.text).digest('hex');
      shas.set(script.text, sha);
      const rest = [
        keys.length,
        ...keys,
        ...parameters.map((each) => (typeof each === 'string' ? each : Buffer.from(each))),
      ];
      const call = (command: string, text: string): Promise<unknown> =>
        script.isBinary ? commands.callBuffer(command, text, ...rest) : commands.call(command, text, ...rest);
      try {
        return await call('EVALSHA', sha).catch((error: Error) => {
          if (!error.message.startsWith('NOSCRIPT')) throw error;
          return call('EVAL', script.text);
        });
      } catch (error) {
        throw deliveryError(script.name, plainError(error));
      }
    },
    subscribe: async (_partition, channels) => void (await listening.subscribe(...channels)),
    unsubscribe: async (_partition, channels) => void (await listening.unsubscribe(...channels)),
    async close() {
      commands.disconnect();
      listening.disconnect();
    },
  };
}
