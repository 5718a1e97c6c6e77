import { randomUUID } from 'node:crypto';
import { AuthenticationError, ConfigurationError, type PushError, TimeoutError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { textOf } from '../../core/redaction.js';
import { DeliveryError } from '../../core/report.js';
import { closeCode } from '../../pusher-protocol/messages.js';
import { isEncrypted, isPresence, isPrivate, isProtocolEvent } from '../../pusher-protocol/names.js';
import { isRecord, record } from '../../wire/is-record.js';
import type { IncomingMessage } from '../../wire/message.js';
import type { PusherAuthHandler, PusherFrame } from '../../wire/pusher-js.js';
import type { ChannelAuthorization, PresenceMember } from '../contract/authorization.js';
import { PendingSubscriptions } from '../pusher-compatible/pending-subscriptions.js';
import type { GivenSdk } from '../sdk/given-sdk.js';
import type { ProviderProxy } from '../sdk/provider-proxy.js';
import type { SocketAddress } from './addresses.js';
import { createPusherJs, endPusherJs, HurriedReconnection, type PusherJsClient, throughProxy } from './pusher-js.js';
import { checkTls } from './tls-check.js';

const backend = 'pusher';

/** The service's address and the application's key. */
export interface SubscriberSettings {
  readonly key: string;
  readonly address: SocketAddress;
  readonly useTLS: boolean;
  /** Deadline of a subscription, in milliseconds; connecting counts in. */
  readonly timeoutMs: number;
  /** The class of `pusher-js`. @default the package is loaded */
  readonly PusherJs: GivenSdk | undefined;
  /** The proxy on the way. */
  readonly proxy: ProviderProxy | undefined;
}

/** The parts of the backend that its subscriber uses. */
export interface SubscriberHost {
  receive(message: IncomingMessage): void;
  authorize(socketId: string, channel: string, member?: PresenceMember): ChannelAuthorization;
  /** Replaces secrets and signatures in a text of the service. */
  clean(text: string): string;
  readonly logger: () => Logger;
}

/** Receives messages through `pusher-js`, over one connection that lasts from the first subscription to the last. */
export class PusherSubscriber {
  readonly #settings: SubscriberSettings;
  readonly #host: SubscriberHost;
  readonly #channels = new Set<string>();
  readonly #pending: PendingSubscriptions;
  /** This process's user id on presence channels. */
  readonly #memberId = `pushrail-${randomUUID()}`;
  readonly #reconnection = new HurriedReconnection(() => this.#tryAgain());
  #client: PusherJsClient | undefined;
  #endTlsCheck: (() => void) | undefined;
  #isTryingAgain = false;
  /** Whether the next frame of {@link #hear} was decrypted. */
  #isDecrypted = false;
  #lastReport = 'no reason given';

  constructor(settings: SubscriberSettings, host: SubscriberHost) {
    this.#settings = settings;
    this.#host = host;
    this.#pending = new PendingSubscriptions(settings.timeoutMs);
  }

  /** Subscribes, and resolves when the service has confirmed. @throws PushError when it refuses or is too late */
  async subscribe(channel: string): Promise<void> {
    if (this.#channels.has(channel)) return this.#pending.of(channel);
    // A subscription that cannot be signed fails here, before anything is connected.
    if (isPrivate(channel)) this.#grant('1.1', channel);
    const client = this.#connected();
    this.#channels.add(channel);
    const confirmed = this.#pending.add(channel, () => this.#timedOut(channel));
    const subscribed = client.subscribe(channel);
    // pusher-js decrypts messages for a channel's own listeners alone.
    if (isEncrypted(channel)) {
      subscribed.bind_global((event, data) => this.#decrypted(channel, event, data));
    }
    return confirmed;
  }

  async unsubscribe(channel: string): Promise<void> {
    if (!this.#channels.delete(channel)) return;
    this.#pending.settle(channel);
    this.#forget(channel);
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) this.#pending.settle(channel);
    this.#channels.clear();
    this.#end();
  }

  #connected(): PusherJsClient {
    if (this.#client !== undefined) return this.#client;
    const { key, address, useTLS, PusherJs, proxy } = this.#settings;
    const authorize: PusherAuthHandler = ({ socketId, channelName = '' }, callback) => {
      try {
        callback(null, this.#grant(socketId, channelName));
      } catch (error) {
        // pusher-js would report the error to the channel's own listeners alone.
        this.#notGranted(channelName, error);
      }
    };
    const client = createPusherJs({ key, ...address, useTLS, authorize, PusherJs, proxy });
    this.#client = client;
    client.connection.bind('message', (frame) => {
      if (client === this.#client) this.#hear(frame as PusherFrame);
    });
    client.connection.bind('error', (error) => {
      if (client === this.#client) this.#reported(error);
    });
    client.connection.bind('state_change', (change) => {
      if (client === this.#client && isRecord(change)) this.#changed(change['previous'], change['current']);
    });
    if (useTLS) {
      const redact = (text: string): string => this.#host.clean(text);
      this.#endTlsCheck = checkTls({ ...address, proxy }, redact, (error) =>
        this.#giveUp(this.#pending.channels(), error),
      );
    }
    return client;
  }

  #grant(socketId: string, channel: string): ChannelAuthorization {
    return this.#host.authorize(socketId, channel, isPresence(channel) ? { id: this.#memberId } : undefined);
  }

  #hear({ event, channel, data, user_id: userId }: PusherFrame): void {
    if (channel === undefined || !this.#channels.has(channel)) return;
    if (event === 'pusher_internal:subscription_succeeded') this.#pending.settle(channel);
    else if (event === 'pusher:subscription_error') this.#refused(channel, data);
    else if (!isEncrypted(channel)) this.#receive({ channel, event, data, ...(userId !== undefined && { userId }) });
    else if (!this.#isDecrypted && !isProtocolEvent(event))
      this.#host
        .logger()
        .warn({ channel, event }, 'pusher: a message cannot be decrypted. Does the sender use another master key?');
    this.#isDecrypted = false;
  }

  /** Takes a decrypted message, before {@link #hear} gets the same frame. */
  #decrypted(channel: string, event: string, data: unknown): void {
    this.#isDecrypted = true;
    if (this.#channels.has(channel)) this.#receive({ channel, event, data });
  }

  #receive(message: IncomingMessage): void {
    if (!isProtocolEvent(message.event)) this.#host.receive(message);
  }

  #changed(previous: unknown, current: unknown): void {
    if (this.#isTryingAgain) return;
    if (current === 'connected') this.#reconnection.stop();
    else if (current === 'disconnected') {
      // pusher-js disconnects by itself after a close code that forbids to come back.
      const text = `Pusher refuses the connection: ${this.#lastReport}.`;
      this.#giveUp([...this.#channels], new ConfigurationError(text, { backend }));
    } else if (previous === 'connected') {
      this.#host.logger().warn({}, 'pusher: the connection was lost and is made again');
      this.#reconnection.start();
    }
  }

  #tryAgain(): void {
    this.#isTryingAgain = true;
    this.#client?.disconnect();
    this.#isTryingAgain = false;
    throughProxy(this.#settings.proxy, () => this.#client?.connect());
  }

  #reported(error: unknown): void {
    const { code, message: said } = reportIn(error);
    if (typeof said !== 'string') return;
    const message = this.#host.clean(said);
    this.#lastReport = typeof code === 'number' ? `${message} (${code})` : message;
    this.#host.logger().warn({ code, reason: message }, 'pusher: the service reports an error');
    // This code stands for a refused connection, and for a subscription with a wrong signature as well.
    const [channel, ...others] = this.#pending.channels();
    const isAnswer = typeof code !== 'number' || code === closeCode.unauthorized;
    // The error names no channel. With several subscriptions under way, the one that it means runs into its deadline.
    if (isAnswer && channel !== undefined && others.length === 0) this.#refused(channel, { error: message });
  }

  #refused(channel: string, details: unknown): void {
    const reason = isRecord(details) && typeof details['error'] === 'string' ? details['error'] : undefined;
    const words = reason === undefined ? 'no reason given' : this.#host.clean(reason);
    const text = `Pusher refuses the subscription to "${channel}": ${words}`;
    this.#giveUp([channel], new AuthenticationError(text, { backend }));
  }

  #notGranted(channel: string, cause: unknown): void {
    const words = textOf(cause, { redact: (text) => this.#host.clean(text) });
    const text = `The subscription to "${channel}" could not be signed: ${words}`;
    this.#giveUp([channel], new AuthenticationError(text, { backend }));
  }

  #timedOut(channel: string): void {
    const { address, timeoutMs } = this.#settings;
    const isConnected = this.#client?.connection.state === 'connected';
    const error = isConnected
      ? new TimeoutError(`Pusher did not confirm the subscription to "${channel}" within ${timeoutMs} ms.`, { backend })
      : new DeliveryError(`Pusher at ${address.host}:${address.port} could not be reached within ${timeoutMs} ms.`, {
          backend,
          outcome: 'rejected',
          retryable: true,
        });
    this.#giveUp([channel], error);
  }

  #giveUp(channels: readonly string[], error: PushError): void {
    for (const channel of channels) {
      this.#channels.delete(channel);
      if (!this.#pending.settle(channel, error))
        this.#host.logger().error({ err: error, channel }, 'pusher: a subscription has ended');
      this.#forget(channel);
    }
  }

  /** Leaves a channel. The last one ends the connection, which would keep the process from ending. */
  #forget(channel: string): void {
    if (this.#channels.size === 0) {
      this.#end();
      return;
    }
    const client = this.#client;
    if (client === undefined) return;
    const left = client.channel(channel);
    const isConfirmed = left?.subscribed === true;
    // pusher-js keeps a refused channel as pending: it would neither leave the channel nor try it again.
    if (left !== undefined) left.subscriptionPending = false;
    client.unsubscribe(channel);
    if (!isConfirmed) client.send_event('pusher:unsubscribe', { channel });
  }

  #end(): void {
    const client = this.#client;
    this.#client = undefined;
    this.#endTlsCheck?.();
    this.#reconnection.stop();
    if (client !== undefined) endPusherJs(client);
  }
}

/** The report in an error of the connection, which is wrapped once or twice. */
function reportIn(error: unknown): Readonly<Record<string, unknown>> {
  const outer = record(error);
  const inner = isRecord(outer['error']) ? outer['error'] : outer;
  return record(inner['data']);
}
