import type { ClientConfig } from '../../../wire/client-config.js';
import type { IncomingMessage } from '../../../wire/message.js';
import { idInFrame, type PusherChannelLike, type PusherFrame, type PusherLike } from '../../../wire/pusher-js.js';
import {
  CLIENT_EVENT_PREFIX,
  isEncrypted,
  isPresence,
  isPrivate,
  isProtocolEvent,
  SERVER_TO_USER_PREFIX,
} from '../../../wire/pusher-names.js';
import { RecentIds } from '../../../wire/recent-ids.js';
import { type AuthOptions, Authorizer } from '../../authorizer.js';
import {
  type ClientDriver,
  type ClientDriverHost,
  type ConnectionState,
  neededKey,
  neededSdk,
  type SdkModule,
} from '../../driver.js';
import { channelRefusal, PushClientError, signInRefusal } from '../../errors.js';
import { PusherConnection } from './connection.js';
import { checkData } from './json-data.js';
import { connectionOptions, type PageLocation, type PusherJsOptions } from './options.js';
import { Signatures } from './signatures.js';

/** The constructor that `pusher-js` exports; `never` because its options are its own affair. */
export type PusherConstructorLike = new (key: string, options: never) => PusherLike;

/** Options of {@link PusherDriver}. */
export interface PusherDriverOptions {
  /** The constructor of `pusher-js`, or the module that has it. @default globalThis.Pusher */
  readonly Pusher?: SdkModule<PusherConstructorLike, 'Pusher'> | undefined;
  /**
   * How the page asks the application for permission to subscribe, and for the user's sign-in.
   * @default as the configuration says
   */
  readonly auth?: AuthOptions | undefined;
  /** Options for `pusher-js` itself; they win over all others. @default {} */
  readonly pusher?: PusherJsOptions | undefined;
  /** Whether to sign the user in, so that messages to `#server-to-user-` and the user's id arrive. @default false */
  readonly signIn?: boolean | undefined;
}

/** The application's handlers, where neither the options nor the configuration name others. */
const DEFAULT_ENDPOINTS = { endpoint: '/push/auth', userEndpoint: '/push/user-auth' };

/** Speaks Pusher's protocol through `pusher-js`, which subscribes again by itself after a reconnection. */
export class PusherDriver implements ClientDriver {
  readonly canFallBack = true;
  readonly #host: ClientDriverHost;
  readonly #signIn: boolean;
  readonly #create: () => PusherLike;
  /** The server's address, for error texts. */
  readonly #address: string;
  readonly #wanted = new Set<string>();
  /**
   * The channel objects that have a listener; `pusher-js` makes a new object for a channel that was left and is joined
   * again.
   */
  readonly #bound = new WeakSet<object>();
  readonly #joined = new Map<string, PusherChannelLike>();
  readonly #signatures: Signatures;
  readonly #recent = new RecentIds();
  /** The id in the frame that `pusher-js` is reading. */
  #id: string | undefined;
  #pusher: PusherLike | undefined;
  #connection: PusherConnection | undefined;

  /** @throws PushClientError when `pusher-js` or the key is missing */
  constructor(host: ClientDriverHost, config: ClientConfig, options: PusherDriverOptions = {}) {
    const Pusher = neededSdk(options.Pusher, 'Pusher', 'pusher-js', config);
    const key = neededKey(config, 'key');
    const { location } = globalThis as { location?: PageLocation };
    this.#host = host;
    this.#signIn = options.signIn ?? false;
    const authorizer = new Authorizer(config, options.auth, DEFAULT_ENDPOINTS);
    this.#signatures = new Signatures(authorizer, {
      isCurrent: (socketId) => this.socketId === socketId,
      isWanted: (channel) => channel === '' || this.#wanted.has(channel),
      failed: (channel, error) =>
        host.receiveError(channel === '' ? signInRefusal(error) : channelRefusal(channel, error)),
    });
    const pusherJsOptions = {
      ...connectionOptions(config, location),
      ...this.#signatures.options(options.pusher),
      ...options.pusher,
    };
    const { wsHost, wsPort, cluster } = pusherJsOptions;
    this.#address = wsHost === undefined ? `cluster ${cluster}` : `${wsHost}:${wsPort}`;
    this.#create = () => new Pusher(key, pusherJsOptions as never);
  }

  get socketId(): string | undefined {
    const connection = this.#pusher?.connection;
    return connection?.state === 'connected' ? connection.socket_id : undefined;
  }

  connect(): void {
    if (this.#connection) {
      this.#connection.connect();
      return;
    }
    const pusher = this.#create();
    this.#pusher = pusher;
    this.#connection = new PusherConnection(pusher, this.#host, this.#address, () => this.#signatures.hurry());
    this.#listen(pusher);
    if (this.#signIn) pusher.signin();
    for (const channel of this.#wanted) this.#join(pusher, channel);
    this.#connection.connect();
    this.#host.receiveState(pusher.connection.state as ConnectionState);
  }

  disconnect(): void {
    this.#connection?.disconnect();
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

  /**
   * @throws TypeError for an event that does not begin with `client-`, and for data that JSON loses; PushClientError
   * for a channel that takes no client events
   */
  trigger(channel: string, event: string, data: unknown): boolean {
    if (typeof event !== 'string' || !event.startsWith(CLIENT_EVENT_PREFIX))
      throw new TypeError(`A page cannot send the event "${event}": its name must begin with "client-".`);
    // Source: https://pusher.com/docs/channels/using_channels/events/#triggering-client-events
    if (!isPrivate(channel) || isEncrypted(channel)) {
      throw new PushClientError(
        `A page cannot send events on "${channel}": it must be private or presence, and not encrypted.`,
        'UNSUPPORTED_OPERATION',
        { channel },
      );
    }
    checkData(data);
    const joined = this.#joined.get(channel);
    return joined?.subscribed === true && joined.trigger(event, data);
  }

  /** Reports a message, with the id of its frame, unless it came before. */
  hear(read: IncomingMessage): void {
    const { channel, id = this.#id } = read;
    if (id === undefined) this.#host.receiveMessage(read);
    else if (this.#recent.areNew([`${channel}:${id}`])) this.#host.receiveMessage({ ...read, id });
  }

  #listen(pusher: PusherLike): void {
    const { connection } = pusher;
    connection.bind('connected', () => {
      connection.connection?.transport?.bind_global?.((_event, raw) => {
        this.#id = idInFrame(raw?.data);
      });
    });
    connection.bind('message', (raw) => {
      this.#receiveFrame(raw as PusherFrame);
      this.#id = undefined;
    });
    pusher.user.bind('pusher:signin_error', (raw) => {
      this.#host.receiveError(signInRefusal(this.#signatures.reason(raw)));
    });
  }

  #join(pusher: PusherLike, name: string): void {
    if (name.startsWith(SERVER_TO_USER_PREFIX)) {
      pusher.signin();
      return;
    }
    let channel: PusherChannelLike;
    try {
      channel = pusher.subscribe(name);
    } catch (error) {
      // pusher-js throws for an encrypted channel unless its encrypted build is loaded. The other channels go on.
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
      const reason = isRefusal && this.#signatures.reason(data, name);
      // pusher-js keeps a refused channel as pending: it would neither leave the channel nor try it again.
      if (isRefusal) channel.subscriptionPending = false;
      if (!this.#wanted.has(name)) {
        // The channel was left during its subscription, which pusher-js forgets when the connection is lost meanwhile.
        if (isRefusal || event === 'pusher:subscription_succeeded') pusher.unsubscribe(name);
      } else if (isRefusal) {
        this.#host.receiveError(channelRefusal(name, reason));
      } else if (!isReceivedAsFrame(name) || isProtocolEvent(event)) {
        if (channel.members && memberEvents.test(event))
          this.#host.receiveMembers(name, new Map(Object.entries(channel.members.members)));
        // A listener may leave the channel at each of these calls.
        if (event === 'pusher:subscription_succeeded' && this.#wanted.has(name)) this.#host.receiveSubscription(name);
        if (this.#wanted.has(name)) this.hear({ channel: name, event, data });
      }
    });
  }

  /** Takes messages that listeners of a `pusher-js` channel get incompletely or not at all. */
  #receiveFrame({ channel, event, data, user_id: userId }: PusherFrame): void {
    if (channel === undefined || !isReceivedAsFrame(channel)) return;
    const isUserChannel = channel.startsWith(SERVER_TO_USER_PREFIX);
    if (!this.#wanted.has(channel) && !(isUserChannel && this.#signIn)) return;
    if (isUserChannel && event === 'pusher_internal:subscription_succeeded') {
      this.#host.receiveSubscription(channel);
      this.hear({ channel, event: 'pusher:subscription_succeeded', data });
    } else if (!isProtocolEvent(event)) {
      this.hear({ channel, event, data, ...(userId !== undefined && { userId }) });
    }
  }
}

/** The events at which the members of a presence channel may be others. */
const memberEvents = /^pusher:(?:subscription_succeeded|member_)/;

/**
 * Whether messages of a channel are read from the frame: `pusher-js` does not name the sender of a client event on a
 * presence channel, and a user's channel has no listeners. All other channels are read through their listeners, which
 * get decrypted data.
 */
function isReceivedAsFrame(channel: string): boolean {
  return isPresence(channel) || channel.startsWith(SERVER_TO_USER_PREFIX);
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
