import type { CommandPart, Dial, Link, LinkEvents } from './link.js';
import { onceOpen } from './once-open.js';
import { NotSentError, plainError } from './plain-errors.js';

type Listener = (payload: Buffer, channel: Buffer) => void;

/** A client of the package `redis`: `createClient`. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly options?: object | undefined;
  connect(): Promise<unknown>;
  destroy(): void;
  duplicate(override?: object): NodeRedisClient;
  sendCommand(command: readonly (string | Buffer)[], options?: object): Promise<unknown>;
  subscribe(channels: readonly string[], listener: Listener, isBinary: true): Promise<unknown>;
  sSubscribe(channels: readonly string[], listener: Listener, isBinary: true): Promise<unknown>;
  unsubscribe(channels: readonly string[], listener: Listener, isBinary: true): Promise<unknown>;
  sUnsubscribe(channels: readonly string[], listener: Listener, isBinary: true): Promise<unknown>;
  on(event: string, listener: (...values: never[]) => void): unknown;
}

/** RESP's mark of a text of given length, `$`. With this option the texts of a reply are Buffers. */
const binary = { typeMapping: { [36]: Buffer } };

/** Makes a client that neither reconnects nor sends anything a second time. */
const usedOnce = {
  disableOfflineQueue: true,
  // With a timeout, the library would make a timer for each command.
  commandOptions: { timeout: undefined },
  commandsQueueMaxLength: undefined,
  pingInterval: undefined,
  keyPrefix: undefined,
  clientSideCache: undefined,
  emitInvalidate: false,
  readonly: false,
  himportRegistry: undefined,
};

/** Connects as a client of `redis` does. */
export function dialNodeRedis(template: NodeRedisClient, connectMs: number): Dial {
  return async (events, isSharded, address) => {
    const given = template.options as { readonly socket?: object } | undefined;
    const client = template.duplicate({
      ...usedOnce,
      // The parts of an address are among the options already.
      url: undefined,
      socket: {
        ...given?.socket,
        ...address,
        reconnectStrategy: false,
        connectTimeout: connectMs,
        socketTimeout: undefined,
      },
    });
    const link = new NodeRedisLink(client, events, isSharded);
    await onceOpen(link, client.connect(), connectMs);
    return link;
  };
}

class NodeRedisLink implements Link {
  readonly #client: NodeRedisClient;
  readonly #isSharded: boolean;
  readonly #listener: Listener;
  readonly closed: Promise<Error>;
  readonly #close: (reason: Error) => void;
  #isDestroyed = false;

  constructor(client: NodeRedisClient, events: LinkEvents, isSharded: boolean) {
    this.#client = client;
    this.#isSharded = isSharded;
    this.#listener = (payload, channel) => events.message(channel.toString(), payload);
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.closed = promise;
    this.#close = resolve;
    // Any error ends it. One that is not of the network says that the library has lost track of the answers.
    client.on('error', (error: Error) => this.destroy(plainError(error)));
    client.on('end', () => this.destroy());
    client.on('sharded-channel-moved', () => events.moved());
  }

  get isOpen(): boolean {
    return !this.#isDestroyed && this.#client.isReady;
  }

  send(command: readonly CommandPart[], isBinary = false): Promise<unknown> {
    if (!this.isOpen) return Promise.reject(new NotSentError());
    return this.#client.sendCommand(command as (string | Buffer)[], isBinary ? binary : undefined).catch(rethrown);
  }

  async subscribe(channels: readonly string[]): Promise<void> {
    if (!this.isOpen) throw new NotSentError();
    const subscribe = this.#isSharded ? 'sSubscribe' : 'subscribe';
    await this.#client[subscribe](channels, this.#listener, true).catch(rethrown);
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    if (!this.isOpen) throw new NotSentError();
    const unsubscribe = this.#isSharded ? 'sUnsubscribe' : 'unsubscribe';
    await this.#client[unsubscribe](channels, this.#listener, true).catch(rethrown);
  }

  destroy(reason = new Error('Redis has closed the connection')): void {
    if (this.#isDestroyed) return;
    this.#isDestroyed = true;
    this.#client.destroy();
    this.#close(reason);
  }
}

function rethrown(error: unknown): never {
  throw plainError(error);
}
