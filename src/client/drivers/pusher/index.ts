import type { ClientConfig } from '../../../wire/client-config.js';
import { isProtocolEvent } from '../../../wire/protocol-events.js';
import { type AuthOptions, Authorizer } from '../../authorizer.js';
import { type ClientDriver, type ClientDriverHost, type ConnectionState, neededKey, neededSdk } from '../../driver.js';
import { channelRefusal, PushClientError, signInRefusal } from '../../errors.js';
import { PusherAuth } from './auth.js';
import { type PageLocation, pusherOptions } from './options.js';
import {
  connectionError,
  isRepetition,
  type PusherChannelLike,
  type PusherConstructorLike,
  type PusherJsOptions,
  type PusherLike,
} from './pusher-like.js';
import { Reconnection } from './reconnection.js';

/** Options of {@link PusherDriver}. */
export interface PusherDriverOptions {
  /** The constructor of `pusher-js`. @default globalThis.Pusher */
  readonly Pusher?: PusherConstructorLike | undefined;
  /** How to ask the application for leave to subscribe, and for the user's sign-in. */
  readonly auth?: AuthOptions | undefined;
  /** Handed on to `pusher-js`. */
  readonly pusher?: PusherJsOptions | undefined;
  /** Whether to sign the user in, so that what is sent to the user arrives. @default false */
  readonly signIn?: boolean | undefined;
}

/** Where the application's handlers are found when nobody says so. */
const DEFAULT_ENDPOINTS = { endpoint: '/push/auth', userEndpoint: '/push/user-auth' };

/** Client events are for these channels. Source: https://pusher.com/docs/channels/using_channels/events/#triggering-client-events */
const takesClientEvents: RegExp = /^(private-(?!encrypted-)|presence-)/;

/** Messages for a user who is signed in come on a channel of this name, which cannot be subscribed to. */
const USER_CHANNEL = '#server-to-user-';

/** Talks Pusher Channels through `pusher-js`, which subscribes again by itself when it is connected again. */
export class PusherDriver implements ClientDriver {
  readonly #host: ClientDriverHost;
  readonly #signIn: boolean;
  readonly #create: () => PusherLike;
  /** Where the server should be, for those who look for it. */
  readonly #address: string;
  readonly #wanted = new Set<string>();
  /** The channel objects that are listened to: joining a channel again after leaving it makes a new one. */
  readonly #bound = new WeakSet<object>();
  readonly #joined = new Map<string, PusherChannelLike>();
  readonly #auth: PusherAuth;
  #pusher: PusherLike | undefined;

  /** @throws PushClientError when `pusher-js` or the key is missing */
  constructor(host: ClientDriverHost, config: ClientConfig, options: PusherDriverOptions = {}) {
    const Pusher = neededSdk(options.Pusher, 'Pusher', 'pusher-js', config);
    const key = neededKey(config, 'key');
    const { location } = globalThis as { location?: PageLocation };
    this.#host = host;
    this.#signIn = options.signIn ?? false;
    const authorizer = new Authorizer(config, options.auth, DEFAULT_ENDPOINTS);
    this.#auth = new PusherAuth(authorizer, (socketId) => this.#pusher?.connection.socket_id === socketId);
    const authOptions = this.#auth.options(options.pusher);
    const pusherJsOptions = { ...pusherOptions(config, location), ...authOptions, ...options.pusher };
    const { wsHost, wsPort, cluster } = pusherJsOptions;
    this.#address = wsHost === undefined ? `cluster ${cluster}` : `${wsHost}:${wsPort}`;
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
    this.#joined.delete(channel);
    this.#pusher?.unsubscribe(channel);
  }

  /** @throws TypeError for an event that is none of a client's; PushClientError for a channel that takes none */
  trigger(channel: string, event: string, data: unknown): boolean {
    if (typeof event !== 'string' || !event.startsWith('client-'))
      throw new TypeError(`The name of an event that a page sends begins with "client-", and "${event}" does not.`);
    if (!takesClientEvents.test(channel)) {
      throw new PushClientError(
        `Pages send events on private and presence channels that are not encrypted, and "${channel}" is none.`,
        'UNSUPPORTED_OPERATION',
        { channel },
      );
    }
    const joined = this.#joined.get(channel);
    return joined?.subscribed === true && joined.trigger(event, data);
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
      // pusher-js says nothing of a connection that never was.
      if (current === 'unavailable' && lastError === undefined) {
        const text = `Push connection: no answer yet from ${this.#address}. Is the push server there?`;
        lastError = new PushClientError(text, 'CONNECTION');
        this.#host.receiveError(lastError);
      }
    });
    pusher.connection.bind('error', (raw) => {
      const error = connectionError(raw);
      if (!isRepetition(error, lastError)) this.#host.receiveError(error);
      lastError = error;
    });
    pusher.connection.bind('message', (raw) => this.#receiveFrame(raw as PusherFrame));
    pusher.user.bind('pusher:signin_error', (raw) => {
      this.#host.receiveError(signInRefusal(this.#auth.reason(raw)));
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
    this.#joined.set(name, channel);
    this.#listenTo(pusher, channel, name);
  }

  #listenTo(pusher: PusherLike, channel: PusherChannelLike, name: string): void {
    if (this.#bound.has(channel)) return;
    this.#bound.add(channel);
    channel.bind_global((event, data) => {
      const isRefusal = event === 'pusher:subscription_error';
      const reason = isRefusal && this.#auth.reason(data, name);
      // pusher-js keeps a channel that the server refused as pending, and would neither leave it nor try it again.
      if (isRefusal) channel.subscriptionPending = false;
      if (!this.#wanted.has(name)) {
        // Left while the subscription was under way: pusher-js forgets that when the connection is lost meanwhile.
        if (isRefusal || event === 'pusher:subscription_succeeded') pusher.unsubscribe(name);
      } else if (isRefusal) {
        this.#host.receiveError(channelRefusal(name, reason));
      } else if (!isReceivedAsFrame(name) || isProtocolEvent(event)) {
        if (channel.members && memberEvents.has(event))
          this.#host.receiveMembers(name, new Map(Object.entries(channel.members.members)));
        // A listener may leave the channel at any of these.
        if (event === 'pusher:subscription_succeeded' && this.#wanted.has(name)) this.#host.receiveSubscription(name);
        if (this.#wanted.has(name)) this.#host.receiveMessage({ channel: name, event, data });
      }
    });
  }

  /** Takes what a channel's own listeners get incompletely or not at all. */
  #receiveFrame({ channel, event, data, user_id: userId }: PusherFrame): void {
    if (channel === undefined || !isReceivedAsFrame(channel)) return;
    const isUserChannel = channel.startsWith(USER_CHANNEL);
    if (!this.#wanted.has(channel) && !(isUserChannel && this.#signIn)) return;
    if (isUserChannel && event === 'pusher_internal:subscription_succeeded') {
      this.#host.receiveSubscription(channel);
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

const memberEvents = new Set(['pusher:subscription_succeeded', 'pusher:member_added', 'pusher:member_removed']);

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
