import { randomUUID } from 'node:crypto';
import { AuthenticationError, ConfigurationError, type PushError, TimeoutError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { DeliveryError } from '../../core/report.js';
import { isPresence, isPrivate, isProtocolEvent } from '../../pusher-protocol/names.js';
import { type ProtocolMessage, parseData } from '../../pusher-protocol/parse-message.js';
import { backoffDelay } from '../../wire/backoff.js';
import { isRecord } from '../../wire/is-record.js';
import type { IncomingMessage } from '../../wire/message.js';
import { grantChannel } from '../pusher-compatible/grants.js';
import { PendingSubscriptions } from '../pusher-compatible/pending-subscriptions.js';
import type { RemoteApp } from './api-client.js';
import { ClientConnection, type ConnectionListener } from './connection.js';

/** How long the server may take to confirm a subscription, connecting included, in milliseconds. */
const SUBSCRIBE_TIMEOUT_MS = 10_000;

/** The backend, as far as the subscriber needs it. */
export interface RemoteSubscriberHost {
  receive(message: IncomingMessage): void;
  /** Its logger must not throw. */
  readonly logger: () => Logger;
}

/**
 * Receives the messages of channels from a Channels server, as a client. It connects with the first subscription and
 * closes with the last. When the connection is lost it connects and subscribes again; messages that are sent meanwhile
 * are missed.
 */
export class RemoteSubscriber implements ConnectionListener {
  readonly #app: RemoteApp;
  readonly #host: RemoteSubscriberHost;
  readonly #channels = new Set<string>();
  readonly #pending = new PendingSubscriptions(SUBSCRIBE_TIMEOUT_MS);
  /** The id of this process on presence channels. */
  readonly #memberId = `pushrail-${randomUUID()}`;
  #connection: ClientConnection | undefined;
  #socketId: string | undefined;
  #failures = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #whenClosed: (() => void) | undefined;

  constructor(app: RemoteApp, host: RemoteSubscriberHost) {
    this.#app = app;
    this.#host = host;
  }

  /**
   * Resolves when the server has confirmed.
   * @throws PushError when the server refuses, cannot be reached, or does not confirm within 10 s (a `TimeoutError`)
   */
  async subscribe(channel: string): Promise<void> {
    while (this.#closing !== undefined) await this.#closing;
    if (this.#channels.has(channel)) return this.#pending.of(channel);
    this.#channels.add(channel);
    const confirmed = this.#pending.add(channel, () => this.#timedOut(channel));
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
    const grant = isPrivate(channel) ? grantChannel(this.#app, this.#app.channelName, socketId, channel, member) : {};
    this.#connection?.send('pusher:subscribe', { channel, ...grant });
  }

  established(socketId: string): void {
    this.#socketId = socketId;
    this.#failures = 0;
    for (const channel of this.#channels) this.#request(channel, socketId);
  }

  message({ event, channel, data, user_id: userId, id }: ProtocolMessage): void {
    const details = parseData(data);
    if (event === 'pusher:error') {
      this.#reported(details);
    } else if (channel === undefined || !this.#channels.has(channel)) {
      // The server sent it before it heard of the unsubscription.
    } else if (event === 'pusher_internal:subscription_succeeded') {
      this.#pending.settle(channel);
    } else if (event === 'pusher:subscription_error') {
      this.#refused(channel, details);
    } else if (!isProtocolEvent(event)) {
      this.#host.receive({
        channel,
        event,
        data: details,
        ...(id !== undefined && { id }),
        ...(userId !== undefined && { userId }),
      });
    }
  }

  /**
   * Handles `pusher:error`. One with a code ends the connection, whose close has the code too. One without may be the
   * answer to a subscription.
   */
  #reported(details: unknown): void {
    const { code, message } = isRecord(details) ? details : {};
    if (typeof code === 'number') {
      this.#host.logger().debug({ details }, 'remote: the server reports an error');
      return;
    }
    this.#host.logger().warn({ details }, 'remote: the server reports an error');
    const [channel, ...others] = this.#pending.channels();
    const reason = typeof message === 'string' ? message : 'no reason given';
    // The error does not say which subscription it means. When several wait for an answer, the one that it means runs
    // into its deadline.
    if (channel === undefined || others.length > 0) return;
    this.#leave(
      channel,
      new DeliveryError(`The server does not take the subscription to "${channel}": ${reason}`, {
        backend: 'remote',
        outcome: 'rejected',
      }),
    );
  }

  #timedOut(channel: string): void {
    this.#leave(
      channel,
      new TimeoutError(
        `The server did not confirm the subscription to "${channel}" within ${SUBSCRIBE_TIMEOUT_MS} ms.`,
        {
          backend: 'remote',
        },
      ),
    );
  }

  /** Gives up a subscription that the server may have confirmed all the same. */
  #leave(channel: string, error: PushError): void {
    this.#connection?.send('pusher:unsubscribe', { channel });
    this.#giveUp([channel], error);
  }

  #refused(channel: string, details: unknown): void {
    const reason = isRecord(details) && typeof details['error'] === 'string' ? details['error'] : 'no reason given';
    this.#giveUp(
      [channel],
      new AuthenticationError(`The server refuses the subscription to "${channel}": ${reason}`, {
        backend: 'remote',
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
        new ConfigurationError(`The server refuses the connection with ${code}: ${reason}.`, { backend: 'remote' }),
      );
      return;
    }
    this.#failures++;
    // A subscription that waits for its first answer fails. One that was confirmed before is made again without a word.
    if (!wasEstablished) {
      const text = `The server at ${this.#app.address.webSocket} cannot be reached: ${reason || `closed with ${code}`}.`;
      this.#giveUp(
        this.#pending.channels(),
        new DeliveryError(text, { backend: 'remote', outcome: 'rejected', retryable: true }),
      );
    }
    if (this.#channels.size === 0) return;
    this.#host
      .logger()
      .warn({ code, reason, delay: Math.round(delay) }, 'remote: the connection was lost and is made again');
    this.#retryTimer = setTimeout(() => this.#connect(), delay);
  }

  /** Fails subscriptions that wait for an answer, and logs the end of those that were confirmed. */
  #giveUp(channels: Iterable<string>, error: PushError): void {
    const given = [...channels];
    for (const channel of given) this.#channels.delete(channel);
    const isHeard = given.map((channel) => this.#pending.settle(channel, error)).every(Boolean);
    if (!isHeard) this.#host.logger().error({ err: error, channels: given }, 'websocket: a subscription has ended');
    // A connection without subscriptions would only keep the process from ending.
    if (this.#channels.size === 0) void this.close();
  }
}

/**
 * Says how long to wait before connecting again, in milliseconds. Returns undefined when the server does not want it.
 * @param code the close code; 4000–4099 means not to come back, 4200–4299 at once
 * @param failures failed attempts in a row
 */
export function reconnectDelay(code: number, failures: number): number | undefined {
  if (code >= 4000 && code < 4100) return undefined;
  if (code >= 4200 && code < 4300 && failures === 0) return 0;
  return backoffDelay(failures);
}
