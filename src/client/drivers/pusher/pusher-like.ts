import { record } from '../../../wire/is-record.js';
import { PushClientError } from '../../errors.js';

/** The part of a `pusher-js` channel that the client uses. */
export interface PusherChannelLike {
  bind_global(callback: (event: string, data: unknown) => void): unknown;
  trigger(event: string, data: unknown): boolean;
  subscriptionPending?: boolean;
  readonly subscribed?: boolean;
  /** On presence channels. */
  readonly members?: { readonly members: Readonly<Record<string, unknown>> };
}

/** The part of a `pusher-js` instance that the client uses. */
export interface PusherLike {
  readonly connection: {
    readonly state: string;
    readonly socket_id: string;
    bind(event: string, callback: (data: unknown) => void): unknown;
  };
  readonly user: { bind(event: string, callback: (data: unknown) => void): unknown };
  connect(): void;
  disconnect(): void;
  subscribe(channel: string): PusherChannelLike;
  unsubscribe(channel: string): void;
  signin(): void;
}

/** The constructor that `pusher-js` exports; `never` because its options are its own affair. */
export type PusherConstructorLike = new (key: string, options: never) => PusherLike;

/** Hands over what the application answered, or why there is no answer. */
type PusherAuthCallback = (error: Error | null, answer: object | null) => void;

/** A function by which `pusher-js` gets a signature. */
export type PusherAuthHandler = (
  request: { readonly socketId: string; readonly channelName?: string },
  callback: PusherAuthCallback,
) => void;

/** How `pusher-js` gets a signature: from an endpoint of the application, or from a function. */
export interface PusherAuthOptions {
  /** Path or URL that is asked with POST. */
  readonly endpoint?: string;
  readonly transport?: 'ajax' | 'jsonp';
  /** Sent along in the body. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}

/** Options handed on to `pusher-js`; they win over those made from the `ClientConfig` and from `auth`. */
export interface PusherJsOptions {
  /** Who signs subscriptions to private and presence channels, past `auth`. @default as the option `auth` says */
  readonly channelAuthorization?: PusherAuthOptions;
  /** Who signs the user in, past `auth`. @default as the option `auth` says */
  readonly userAuthentication?: PusherAuthOptions;
  readonly [name: string]: unknown;
}

/** Translates an error of the connection. @param raw what `pusher-js` hands over: `{ data: { code, message } }`, or that as `error` in another */
export function connectionError(raw: unknown): PushClientError {
  const { data, error } = record(raw);
  const { code, message } = record(data ?? record(error)['data']);
  const status = typeof code === 'number' ? code : undefined;
  const reason = typeof message === 'string' && message !== '' ? message : 'the connection failed or was lost';
  return new PushClientError(
    `Push connection: ${reason}${status === undefined ? '' : ` (code ${status})`}`,
    'CONNECTION',
    {
      status,
      cause: raw,
    },
  );
}

/** Protocol errors from here on leave the connection open, and each stands for itself. */
const FIRST_LASTING_CODE = 4300;

/** The reason for a close comes up to three times: as the server's message, as the close code, and wrapped. */
export function isRepetition(error: PushClientError, previous: PushClientError | undefined): boolean {
  return error.message === previous?.message && (error.status ?? 0) < FIRST_LASTING_CODE;
}
