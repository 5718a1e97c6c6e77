import type { CommandPart, Dial, Link, LinkEvents } from './link.js';
import { onceOpen } from './once-open.js';
import { NotSentError, plainError } from './plain-errors.js';

/** A client of the package `ioredis`, class `Redis`. */
export interface IoredisClient {
  readonly status: string;
  readonly stream?: { cork(): void; uncork(): void; destroy(): void } | undefined;
  connect(): Promise<unknown>;
  disconnect(): void;
  duplicate(override?: object): IoredisClient;
  call(command: string, ...parameters: (string | Buffer | number)[]): Promise<unknown>;
  callBuffer(command: string, ...parameters: (string | Buffer | number)[]): Promise<unknown>;
  subscribe(...channels: string[]): Promise<unknown>;
  ssubscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  sunsubscribe(...channels: string[]): Promise<unknown>;
  on(event: string, listener: (...values: never[]) => void): unknown;
  readonly options: { readonly sentinels?: unknown };
}

/** Makes a client that neither reconnects nor sends anything a second time. */
const usedOnce = {
  lazyConnect: true,
  retryStrategy: null,
  reconnectOnError: null,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  monitor: false,
  readOnly: false,
  keyPrefix: '',
  scripts: undefined,
  commandTimeout: undefined,
  socketTimeout: undefined,
  stringNumbers: false,
  himportFieldsets: undefined,
};

/** Connects as a client of `ioredis` does. */
export function dialIoredis(template: IoredisClient, connectMs: number): Dial {
  return async (events, isSharded, address) => {
    const client = template.duplicate({
      ...usedOnce,
      ...address,
      connectTimeout: connectMs,
      // With Sentinels it is the check that this is the master. Otherwise it would take the right to call INFO.
      enableReadyCheck: Boolean(template.options.sentinels),
    });
    const link = new IoredisLink(client, events, isSharded);
    await onceOpen(link, client.connect(), connectMs);
    return link;
  };
}

class IoredisLink implements Link {
  readonly #client: IoredisClient;
  readonly #isSharded: boolean;
  readonly closed: Promise<Error>;
  readonly #close: (reason: Error) => void;
  #reason: Error | undefined;
  #isHolding = false;
  #isDestroyed = false;

  constructor(client: IoredisClient, events: LinkEvents, isSharded: boolean) {
    this.#client = client;
    this.#isSharded = isSharded;
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.closed = promise;
    this.#close = resolve;
    client.on('error', (error: Error) => {
      this.#reason ??= plainError(error);
    });
    client.on('end', () => resolve(this.#reason ?? new Error('Redis has closed the connection')));
    client.on('moved', () => events.moved());
    client.on(isSharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, payload: Buffer) =>
      events.message(channel.toString(), payload),
    );
  }

  get isOpen(): boolean {
    return !this.#isDestroyed && this.#client.status === 'ready';
  }

  send([name = '', ...parameters]: readonly CommandPart[], isBinary = false): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(new NotSentError());
    const given = parameters as (string | Buffer)[];
    const answer = isBinary
      ? this.#client.callBuffer(name as string, ...given)
      : this.#client.call(name as string, ...given);
    this.#holdOthers();
    return answer.catch(rethrown);
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    if (!this.isOpen) throw new NotSentError();
    await (this.#isSharded ? this.#client.ssubscribe(...channels) : this.#client.subscribe(...channels)).catch(
      rethrown,
    );
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    if (!this.isOpen) throw new NotSentError();
    await (this.#isSharded ? this.#client.sunsubscribe(...channels) : this.#client.unsubscribe(...channels)).catch(
      rethrown,
    );
  }

  destroy(reason?: Error): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#reason ??= reason;
    this.#client.disconnect();
    // The library would wait for the server to end it too, and a server that is gone never does.
    this.#client.stream?.destroy();
    this.#close(this.#reason ?? new Error('it was ended'));
  }

  /**
   * The library would write each command by itself. The first one of a turn is, so that it waits for nothing, and what
   * follows is held until the end of the turn.
   */
  #holdOthers(): void {
    const { stream } = this.#client;
    if (this.#isHolding || stream === undefined) return;
    this.#isHolding = true;
    stream.cork();
    setImmediate(() => {
      this.#isHolding = false;
      stream.uncork();
    });
  }
}

function rethrown(error: unknown): never {
  throw plainError(error);
}
