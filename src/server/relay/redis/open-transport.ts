import { setTimeout as wait } from 'node:timers/promises';
import { ConfigurationError } from '../../../core/errors.js';
import { OneServer } from './one-server.js';
import { failed, plainError, ReplyError } from './plain-errors.js';
import { type RedisRelayClient, sourceOf } from './source.js';
import type { RedisTransport, TransportHost } from './transport.js';

export interface TransportOptions {
  /** What every key and every channel begins with. Messages cross the numbers of databases. @default 'pushrail:' */
  readonly prefix?: string | undefined;
  /** How long a call may take, in milliseconds. @default 10 000 */
  readonly timeoutMs?: number | undefined;
}

/** Answers that will not change by themselves. */
const final: ReadonlySet<string> = new Set(['WRONGPASS', 'NOAUTH', 'NOPERM']);

/**
 * Connects to Redis.
 * @param redis a client, whose options are used and which is left alone; or an address
 * @throws ConfigurationError for something else, and for a Redis that is too old
 * @throws DeliveryError when Redis cannot be reached within `timeoutMs`
 */
export async function openTransport(
  redis: RedisRelayClient | string,
  host: TransportHost,
  { prefix = 'pushrail:', timeoutMs = 10_000 }: TransportOptions = {},
): Promise<RedisTransport> {
  const source = sourceOf(redis, timeoutMs / 2);
  let last: Error | undefined;
  const { promise: hopeless, reject: giveUp } = Promise.withResolvers<never>();
  hopeless.catch(() => {});
  const transport = new OneServer(source.dial, host, prefix, timeoutMs, (reason) => {
    last = reason;
    if (reason instanceof ConfigurationError || (reason instanceof ReplyError && final.has(reason.code)))
      giveUp(reason);
  });
  const ended = new AbortController();
  const late = wait(timeoutMs, undefined, { signal: ended.signal }).then(() => {
    throw last ?? new Error('nothing has answered');
  });
  try {
    await Promise.race([transport.opened(), hopeless, late]);
    return transport;
  } catch (error) {
    await transport.close();
    if (error instanceof ConfigurationError) throw error;
    const reason = plainError(error);
    throw failed('connect', 'rejected', reason.message, !(reason instanceof ReplyError && final.has(reason.code)));
  } finally {
    late.catch(() => {});
    ended.abort();
  }
}
