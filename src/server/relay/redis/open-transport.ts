import { setTimeout as wait } from 'node:timers/promises';
import { ConfigurationError } from '../../../core/errors.js';
import { backoffDelay } from '../../../wire/backoff.js';
import { ClusterTransport } from './cluster.js';
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
  if (source.isCluster && prefix.includes('{'))
    throw new ConfigurationError(
      'In a Redis Cluster, the prefix of the relay must not have a "{": it would decide the slot.',
    );
  const attempt = new Attempt(timeoutMs);
  let transport: OneServer | ClusterTransport | undefined;
  try {
    if (source.isCluster) {
      const { dial, nodes } = await attempt.untilDone(() => source.access());
      transport = new ClusterTransport(dial, nodes, host, prefix, timeoutMs, attempt.failed);
    } else transport = new OneServer(source.dial, host, prefix, timeoutMs, attempt.failed);
    await attempt.race(transport.opened());
    return transport;
  } catch (error) {
    await transport?.close();
    if (error instanceof ConfigurationError) throw error;
    const reason = plainError(error);
    throw failed('connect', 'rejected', reason.message, !isFinal(reason));
  } finally {
    attempt.end();
  }
}

function isFinal(error: Error): boolean {
  return error instanceof ConfigurationError || (error instanceof ReplyError && final.has(error.code));
}

/** The time that connecting may take. It ends early when what has failed will fail again. */
class Attempt {
  readonly #stopped = Promise.withResolvers<never>();
  readonly #timer: NodeJS.Timeout;
  #isOver = false;
  #last: Error | undefined;

  constructor(timeoutMs: number) {
    this.#stopped.promise.catch(() => {});
    this.#timer = setTimeout(() => this.#stop(this.#last ?? new Error('nothing has answered')), timeoutMs);
  }

  /** Something has failed that is tried again. */
  readonly failed = (reason: Error): void => {
    this.#last = reason;
    if (isFinal(reason)) this.#stop(reason);
  };

  race<Result>(work: Promise<Result>): Promise<Result> {
    return Promise.race([work, this.#stopped.promise]);
  }

  async untilDone<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let failures = 0; ; failures++) {
      try {
        return await this.race(work());
      } catch (error) {
        this.failed(error as Error);
        if (this.#isOver) throw error;
        await this.race(wait(backoffDelay(failures, 50, 1000), undefined, { ref: false }));
      }
    }
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #stop(reason: Error): void {
    this.#isOver = true;
    this.#stopped.reject(reason);
  }
}
