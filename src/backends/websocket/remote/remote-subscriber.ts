import { randomUUID } from 'node:crypto';
import { isPresence, isPrivate } from '../../../channels-protocol/names.js';
import { isRecord, type ProtocolMessage, parseData } from '../../../channels-protocol/parse-message.js';
import { DeliveryError } from '../../../delivery-error.js';
import { AuthenticationError, ConfigurationError, type PushError } from '../../../errors.js';
import type { Logger } from '../../../logger.js';
import type { IncomingMessage } from '../../../message.js';
import { grantChannel } from '../grants.js';
import type { RemoteApp } from './api-client.js';
import { ClientConnection, type ConnectionListener } from './client-connection.js';
import { PendingSubscriptions } from './pending-subscriptions.js';
import { reconnectDelay } from './reconnect-delay.js';

/** What the subscriber needs of the backend. */
export interface SubscriberHost {
  receive(message: IncomingMessage): void;
  readonly logger: () => Logger;
}

/**
 * Receives from a Channels server as a client. It connects with the first subscription, comes back when the connection is lost and
 * subscribes anew, and hangs up with the last. What is sent while it is away is missed.
 */
export class RemoteSubscriber implements ConnectionListener {
  readonly #app: RemoteApp;
  readonly #host: SubscriberHost;
  readonly #channels = new Set<string>();
  readonly #pending = new PendingSubscriptions();
  /** How this process appears on presence channels. */
  readonly #memberId = `pushrail-${randomUUID()}`;
  #connection: ClientConnection | undefined;
  #socketId: string | undefined;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #whenClosed: (() => void) | undefined;

  constructor(app: RemoteApp, host: SubscriberHost) {
    this.#app = app;
    this.#host = host;
  }

  /** Resolves when the server has confirmed. @throws PushError when it refuses, or cannot be reached */
  async subscribe(channel: string): Promise<void> {
    await this.#closing;
    if (this.#channels.has(channel)) return this.#pending.of(channel);
    this.#channels.add(channel);
    const confirmed = this.#pending.add(channel);
    if (this.#socketId !== undefined) this.#request(channel, this.#socketId);
    else this.#connect();
    return confirmed;
  }

  async unsubscribe(channel: string): Promise<void> {
    if (!this.#channels.delete(channel)) return;
    this.#pending.settle(channel);
    if (this.#channels.size === 0) await this.close();
    else this.#connection?.send('pusher:unsubscribe', { channel });
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) this.#pending.settle(channel);
    this.#channels.clear();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#closing ??= this.#hangUp();
    await this.#closing;
    this.#closing = undefined;
  }

  async #hangUp(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    await new Promise<void>((resolve) => {
      this.#whenClosed = resolve;
      connection.close();
    });
  }

  #connect(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    if (this.#connection !== undefined) return;
    const { address, pubKey } = this.#app;
    this.#connection = new ClientConnection(
      `${address.webSocket}/app/${encodeURIComponent(pubKey)}?protocol=7&client=pushrail`,
      this,
    );
  }

  #request(channel: string, socketId: string): void {
    const member = isPresence(channel) ? { id: this.#memberId } : undefined;
    const grant = isPrivate(channel) ? grantChannel(this.#app, socketId, channel, member) : {};
    this.#connection?.send('pusher:subscribe', { channel, ...grant });
  }

  established(socketId: string): void {
    this.#socketId = socketId;
    this.#failures = 0;
    for (const channel of this.#channels) this.#request(channel, socketId);
  }

  message({ event, channel, data, user_id: userId }: ProtocolMessage): void {
    const details = parseData(data);
    if (event === 'pusher:error') {
      // An error that ends the connection comes again with its close.
      this.#host.logger().debug({ details }, 'websocket: the server reports an error');
    } else if (channel === undefined || !this.#channels.has(channel)) {
      // Sent before the server heard of the unsubscription.
    } else if (event === 'pusher_internal:subscription_succeeded') {
      this.#pending.settle(channel);
    } else if (event === 'pusher:subscription_error') {
      this.#refused(channel, details);
    } else if (!event.startsWith('pusher:') && !event.startsWith('pusher_internal:')) {
      this.#host.receive({ channel, event, data: details, ...(userId !== undefined && { userId }) });
    }
  }

  #refused(channel: string, details: unknown): void {
    const reason = isRecord(details) && typeof details['error'] === 'string' ? details['error'] : 'no reason given';
    this.#channels.delete(channel);
    this.#fail(
      [channel],
      new AuthenticationError(`The server refuses the subscription to "${channel}": ${reason}`, {
        backend: 'websocket',
      }),
    );
  }

  closed(code: number, reason: string): void {
    const wasEstablished = this.#socketId !== undefined;
    this.#connection = undefined;
    this.#socketId = undefined;
    this.#whenClosed?.();
    this.#whenClosed = undefined;
    if (this.#channels.size === 0) return;
    const delay = reconnectDelay(code, this.#failures);
    if (delay === undefined) {
      this.#giveUp(
        this.#channels,
        new ConfigurationError(`The server refuses the connection with ${code}: ${reason}.`, { backend: 'websocket' }),
      );
      return;
    }
    this.#failures++;
    // Whoever waits for a first answer learns that there is none; what has been confirmed once is got back silently.
    if (!wasEstablished) {
      const text = `The server at ${this.#app.address.webSocket} cannot be reached: ${reason || `closed with ${code}`}.`;
      this.#giveUp(
        this.#pending.channels(),
        new DeliveryError(text, { backend: 'websocket', outcome: 'rejected', retryable: true }),
      );
    }
    if (this.#channels.size === 0) return;
    this.#host
      .logger()
      .warn({ code, reason, delay: Math.round(delay) }, 'websocket: the connection was lost and is made again');
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  #giveUp(channels: Iterable<string>, error: PushError): void {
    const given = [...channels];
    for (const channel of given) this.#channels.delete(channel);
    this.#fail(given, error);
  }

  #fail(channels: readonly string[], error: PushError): void {
    const isHeard = channels.map((channel) => this.#pending.settle(channel, error)).every(Boolean);
    if (!isHeard) this.#host.logger().error({ err: error, channels }, 'websocket: a subscription has ended');
  }
}
