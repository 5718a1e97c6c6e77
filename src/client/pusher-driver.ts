import type { ClientConfig } from '../client-config.js';
import type { ClientDriver, ClientDriverHost, ConnectionState } from './driver.js';
import { isProtocolEvent } from './protocol-events.js';
import { PushClientError } from './push-client-error.js';
import { connectionError, isRepetition, refusalError } from './pusher-error.js';
import type { PusherChannelLike, PusherConstructorLike, PusherJsOptions, PusherLike } from './pusher-like.js';
import { type PageLocation, pusherOptions } from './pusher-options.js';
import { Reconnection } from './reconnection.js';

/** Options of {@link PusherDriver}. */
export interface PusherDriverOptions {
  /** The constructor of `pusher-js`. @default globalThis.Pusher */
  readonly Pusher?: PusherConstructorLike | undefined;
  /** Handed on to `pusher-js`. */
  readonly pusher?: PusherJsOptions | undefined;
  /** Whether to sign the user in, so that what is sent to the user arrives. @default false */
  readonly signIn?: boolean | undefined;
}

/** Messages for a user who is signed in come on a channel of this name, which cannot be subscribed to. */
const USER_CHANNEL = '#server-to-user-';

/** Talks Pusher Channels through `pusher-js`, which subscribes again by itself when it is connected again. */
export class PusherDriver implements ClientDriver {
  readonly #host: ClientDriverHost;
  readonly #signIn: boolean;
  readonly #create: () => PusherLike;
  readonly #wanted = new Set<string>();
  /** The channel objects that are listened to: joining a channel again after leaving it makes a new one. */
  readonly #bound = new WeakSet<object>();
  #pusher: PusherLike | undefined;

  /** @throws PushClientError when `pusher-js` or the key is missing */
  constructor(host: ClientDriverHost, config: ClientConfig, options: PusherDriverOptions = {}) {
    const { location, Pusher: GlobalPusher } = globalThis as {
      location?: PageLocation;
      Pusher?: PusherConstructorLike;
    };
    const Pusher = options.Pusher ?? GlobalPusher;
    if (!Pusher) {
      throw new PushClientError(
        `PushClient needs pusher-js for the "${config.backend}" backend: ` +
          'load its script before this one, or pass it as new PushClient(config, { Pusher }).',
        'CONFIGURATION',
      );
    }
    const { key } = config;
    if (!key) {
      throw new PushClientError(
        'PushClient needs "key" in its configuration: pass what PushService.clientConfig() returned.',
        'CONFIGURATION',
      );
    }
    const pusherJsOptions = { ...pusherOptions(config, location), ...options.pusher };
    this.#host = host;
    this.#signIn = options.signIn ?? false;
    this.#create = () => new Pusher(key, pusherJsOptions as never);
  }

  get socketId(): string | undefined {
    const connection = this.#pusher?.connection;
    return connection?.state === 'connected' ? connection.socket_id : undefined;
  }

  connect(): void {
    if (this.#pusher) {
      this.#pusher.connect();
      return;
    }
    const pusher = this.#create();
    this.#pusher = pusher;
    this.#listen(pusher);
    if (this.#signIn) pusher.signin();
    for (const channel of this.#wanted) this.#join(pusher, channel);
    pusher.connect();
    this.#host.receiveState(pusher.connection.state as ConnectionState);
  }

  disconnect(): void {
    this.#pusher?.disconnect();
  }

  subscribe(channel: string): void {
    this.#wanted.add(channel);
    if (this.#pusher) this.#join(this.#pusher, channel);
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel);
    this.#pusher?.unsubscribe(channel);
  }

  #listen(pusher: PusherLike): void {
    let lastError: PushClientError | undefined;
    let isTryingAgain = false;
    const reconnection = new Reconnection(() => {
      isTryingAgain = true;
      pusher.disconnect();
      isTryingAgain = false;
      pusher.connect();
    });
    pusher.connection.bind('state_change', (change) => {
      if (isTryingAgain) return;
      const { current } = change as { current: ConnectionState };
      reconnection.follow(current);
      if (current === 'connected') lastError = undefined;
      this.#host.receiveState(current);
    });
    pusher.connection.bind('error', (raw) => {
      const error = connectionError(raw);
      if (!isRepetition(error, lastError)) this.#host.receiveError(error);
      lastError = error;
    });
    pusher.connection.bind('message', (raw) => this.#receiveFrame(raw as PusherFrame));
    pusher.user.bind('pusher:signin_error', (raw) => {
      this.#host.receiveError(refusalError(raw, "The user's sign-in", 'SIGN_IN'));
    });
  }

  #join(pusher: PusherLike, name: string): void {
    if (name.startsWith(USER_CHANNEL)) {
      pusher.signin();
      return;
    }
    let channel: PusherChannelLike;
    try {
      channel = pusher.subscribe(name);
    } catch (error) {
      // An encrypted channel without the encrypted build of pusher-js: the other channels must not suffer.
      this.#host.receiveError(
        new PushClientError(`Cannot subscribe to "${name}": ${textOf(error)}`, 'SUBSCRIPTION', {
          channel: name,
          cause: error,
        }),
      );
      return;
    }
    this.#listenTo(pusher, channel, name);
  }

  #listenTo(pusher: PusherLike, channel: PusherChannelLike, name: string): void {
    if (this.#bound.has(channel)) return;
    this.#bound.add(channel);
    channel.bind_global((event, data) => {
      const isRefusal = event === 'pusher:subscription_error';
      // pusher-js keeps a channel that the server refused as pending, and would neither leave it nor try it again.
      if (isRefusal) channel.subscriptionPending = false;
      if (!this.#wanted.has(name)) {
        // Left while the subscription was under way: pusher-js forgets that when the connection is lost meanwhile.
        if (isRefusal || event === 'pusher:subscription_succeeded') pusher.unsubscribe(name);
      } else if (isRefusal) {
        this.#host.receiveError(refusalError(data, `The subscription to "${name}"`, 'SUBSCRIPTION', name));
      } else if (!isReceivedAsFrame(name) || isProtocolEvent(event)) {
        this.#host.receiveMessage({ channel: name, event, data });
      }
    });
  }

  /** Takes what a channel's own listeners get incompletely or not at all. */
  #receiveFrame({ channel, event, data, user_id: userId }: PusherFrame): void {
    if (channel === undefined || !isReceivedAsFrame(channel)) return;
    const isUserChannel = channel.startsWith(USER_CHANNEL);
    if (!this.#wanted.has(channel) && !(isUserChannel && this.#signIn)) return;
    if (isUserChannel && event === 'pusher_internal:subscription_succeeded') {
      this.#host.receiveMessage({ channel, event: 'pusher:subscription_succeeded', data });
    } else if (!isProtocolEvent(event)) {
      this.#host.receiveMessage({ channel, event, data, ...(userId !== undefined && { userId }) });
    }
  }
}

interface PusherFrame {
  readonly channel?: string;
  readonly event: string;
  readonly data: unknown;
  readonly user_id?: string;
}

/**
 * Listeners of a presence channel are not told who sent a client event, and a user's channel has none; the frame
 * has both. Everywhere else the channel is right: it has decrypted what came.
 */
function isReceivedAsFrame(channel: string): boolean {
  return channel.startsWith('presence-') || channel.startsWith(USER_CHANNEL);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
