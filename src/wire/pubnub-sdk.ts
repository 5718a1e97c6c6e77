import { record } from './is-record.js';

/** A message or signal as PubNub's SDK hands it to a listener. */
export interface PubNubEventLike {
  readonly channel: string;
  /** The channel, wildcard or channel group that was subscribed to. */
  readonly subscription: string | null;
  readonly timetoken: string | number;
  readonly message: unknown;
  /** The user id of the sender. */
  readonly publisher?: string;
  /** Set when the message could not be decrypted. */
  readonly error?: string;
}

/** The state of its subscription that PubNub's SDK reports. */
export interface PubNubStatusLike {
  readonly category?: string;
  /** Category of the failure. */
  readonly error?: unknown;
  readonly affectedChannels?: readonly string[];
  readonly affectedChannelGroups?: readonly string[];
  readonly currentTimetoken?: string | number;
}

/** The part of a client of the package `pubnub` (11 or later) that `PushClient` uses. */
export interface PubNubLike {
  addListener(listener: {
    status(status: PubNubStatusLike): void;
    message(event: PubNubEventLike): void;
    signal(event: PubNubEventLike): void;
  }): void;
  subscribe(names: { channels: string[] }): void;
  unsubscribe(names: { channels: string[] }): void;
  disconnect(isOffline?: boolean): void;
  reconnect(cursor?: { timetoken?: string }): void;
  destroy(): void;
  setToken(token: string): void;
}

/** A request as the SDK hands it to its transport. */
export interface TransportRequest {
  readonly path: string;
  /** The `requestid` in the address. */
  readonly identifier: string;
  cancellable: boolean;
  /** Whether the transport deflates the body. The header that says so is among `headers` already. */
  compressible?: boolean;
  readonly body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** In seconds; a thousand times as much has to be a whole number. */
  timeout: number;
}

/** An answer as the transport hands it to the SDK. */
export interface TransportResponse {
  readonly status: number;
  readonly body?: ArrayBuffer;
}

/** Makes a request of the transport, and what can end it. */
export type MakeSendable = (
  request: TransportRequest,
) => [sent: Promise<TransportResponse>, controller: { abort(reason: string): void } | undefined];

/** The innermost part of the SDK that pushrail touches: `client.transport`, the same in versions 11 and 12. */
interface SdkTransport {
  makeSendable: MakeSendable;
}

/**
 * Puts a function in front of every request of a client. The SDK itself neither takes a signal nor shows an answer's
 * status and body.
 * @param send gets each request, and the transport's own function to make it with
 * @returns false for an SDK that is built in another way; nothing is changed then
 */
export function interceptRequests(
  client: object,
  send: (request: TransportRequest, makeSendable: MakeSendable) => ReturnType<MakeSendable>,
): boolean {
  const transport = record(Reflect.get(client, 'transport')) as Partial<SdkTransport>;
  if (typeof transport.makeSendable !== 'function') return false;
  const makeSendable = transport.makeSendable.bind(transport);
  transport.makeSendable = (request) => send(request, makeSendable);
  return true;
}

/**
 * The channels or channel groups that an answer with status 403 names.
 * @param errorData the answer's body, which the SDK's error holds under this name
 */
export function refusedNames(errorData: unknown, kind: 'channels' | 'channel-groups'): readonly string[] {
  const names = record(record(errorData)['payload'])[kind];
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}

/** Whether a request is that of a subscription, which waits for messages. */
export function isSubscription({ path }: TransportRequest): boolean {
  return path.startsWith('/v2/subscribe/');
}

/**
 * The later of two timetokens, of which either may be missing; `0` stands for none. They are too long for an exact
 * number.
 */
export function laterTimetoken(one: string | undefined, other: string | number | undefined): string | undefined {
  const next = String(other ?? 0);
  if (!/^[1-9]\d*$/.test(next)) return one;
  return BigInt(next) > BigInt(one ?? 0) ? next : one;
}
