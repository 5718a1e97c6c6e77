import { checkOptionNames, checkSignal } from '../core/call-options.js';
import { checkTimeout } from '../core/durations.js';
import { ValidationError } from '../core/errors.js';
import type { PushUser } from '../sessions/adapter.js';
import type { PushNotification } from '../wire/message.js';
import { type RecordingOptions, recordingNames, withoutRecord, withoutStore } from './recording-options.js';

/** A web `Request`, or a Node one: the sender's socket id is read from its header `X-Socket-ID`. */
export type RequestLike =
  | { readonly headers: { get(name: string): string | null } }
  | { readonly headers: Readonly<Record<string, string | string[] | undefined>> };

/** The receivers of a message: `channels` or `users`, exactly one of the two. */
export type Audience<User> =
  | {
      /** Channel names; duplicates are sent to once. */
      channels: string | Iterable<string>;
      users?: undefined;
    }
  | {
      /** One user or several: ids, or objects with an `id`. Each user's live sessions are looked up. */
      users: User | Iterable<User>;
      channels?: undefined;
    };

/** What holds for one call of `send` or `sendMany`. */
export interface CallOptions {
  /** Ends the call: channels that were not sent to by then are not sent to. */
  signal?: AbortSignal | undefined;
  /**
   * Whether the call waits for earlier `ordered` calls of the same service that share a channel with it, until they
   * have ended, retries included. Then its messages arrive after theirs. Ordered calls that share no channel do not
   * wait for each other. Each channel has one request under way at a time.
   * @default false: calls side by side have no order
   */
  ordered?: boolean | undefined;
}

/**
 * The contents of a message, and how it is sent.
 * @typeParam Name the names of the setting `backends`
 */
export interface MessageOptions<Name extends string = string> extends CallOptions, RecordingOptions {
  /** @default the setting `defaultEvent`, which is `'push-event'` */
  event?: string | undefined;
  /**
   * Anything that survives JSON: no cycles, functions, BigInts, NaN, or instances that JSON turns into something else.
   * An object with `toJSON`, such as a Date, goes as the value that it returns. A key whose value is `undefined` is
   * left out.
   * @default an empty object
   */
  data?: unknown;
  /**
   * The notification that a device shows. Realtime backends deliver it beside the data, under the key `notification`.
   */
  notification?: PushNotification | undefined;
  /**
   * The connection that must not receive the message: a socket id, or a request that carries `X-Socket-ID`. A request
   * whose header is missing, is no socket id, or is of no use to the backend leaves nobody out.
   */
  except?: string | RequestLike | undefined;
  /** Deadline of each attempt, in milliseconds. @default the setting `timeout`, 10 000 */
  timeout?: number | undefined;
  /**
   * Your own name for the message, of 1 to 255 characters. A second message with the same key is dropped. It needs a
   * message store, or a backend whose `capabilities.idempotencyKey` is true. With a store, the call of the second one
   * returns the report of the first, for as long as the setting `recording.idempotencyTtl` says.
   */
  idempotencyKey?: string | undefined;
  /**
   * The backend's own options for this message. In a service with the setting `backends` they stand by its name:
   * `{ mobile: { ttl: 60 } }`; those of a backend that the message does not go to say nothing.
   */
  backendOptions?: { [Key in Name]?: unknown } | undefined;
  /**
   * The backend that the message goes by, or several, by the names of the setting `backends`. It goes before the
   * setting `routes`.
   * @default for users, what `routes` answers; else the first backend
   */
  via?: Name | readonly Name[] | undefined;
}

/**
 * The argument of `send`.
 * @typeParam User what stands for a user
 * @typeParam Name the names of the setting `backends`
 */
export type SendOptions<User = PushUser, Name extends string = string> = MessageOptions<Name> & Audience<User>;

/** The options of `send`. */
const known = [
  'event',
  'channels',
  'users',
  'data',
  'notification',
  'except',
  'signal',
  'ordered',
  'timeout',
  'idempotencyKey',
  'backendOptions',
  'record',
];

const knownWithStore = [...known, ...recordingNames];

const SEND = { name: 'send()', more: [] } as const;

/** `send` in a service with the setting `backends`. */
export const SEND_VIA = { name: 'send()', more: ['via'] } as const;

/** What other libraries call an option, and what it is here. */
const advice = {
  socket_id: 'pass the socket id as "except"',
  socketId: 'pass the socket id as "except"',
  info: 'pass it as { backendOptions: { info } }',
  via: 'a service with one backend has no choice: set "backends" in PUSH_SERVER, in place of "backend"',
};

const adviceWithoutStore = { ...advice, ...withoutStore };
const adviceWithoutRecord = { ...advice, ...withoutRecord };

/** How `trigger` sends: the options of `send` beside channels, event and data. */
export interface TriggerOptions<Name extends string = string> extends Omit<MessageOptions<Name>, 'event' | 'data'> {
  /** The same as `except`, as Pusher's libraries call it. */
  socket_id?: string | undefined;
}

const triggerNames = [
  ...[...knownWithStore, 'via'].filter((name) => !['event', 'channels', 'users', 'data'].includes(name)),
  'socket_id',
] as const;

/**
 * Reads the arguments of `trigger`.
 * @param options a text is the socket id that must not receive the message
 * @returns the argument of `send`
 * @throws ValidationError for no event, wrong options, and two socket ids
 */
export function triggered(
  channels: string | Iterable<string>,
  event: string,
  data: unknown,
  options: TriggerOptions | string = {},
): SendOptions {
  if (event === undefined) throw new ValidationError('trigger() needs an event.');
  if (typeof options === 'string') return { channels, event, data, except: options };
  checkOptionNames(options, triggerNames, 'trigger()', advice);
  const { socket_id: socketId, ...rest } = options;
  if (socketId === undefined) return { channels, event, data, ...rest };
  if (rest.except !== undefined)
    throw new ValidationError('trigger() takes "except" or "socket_id", which mean the same, not both.');
  return { channels, event, data, ...rest, except: socketId };
}

/**
 * Checks the form of `send`'s argument. The checks that depend on the backend come later.
 * @param isRecorded whether there is a message store, so that there are more options
 * @param call how an error calls the call, and what else it takes
 * @throws ValidationError
 */
export function checkSendOptions<User>(
  options: SendOptions<User>,
  isRecorded: boolean,
  { name, more }: { readonly name: string; readonly more: readonly string[] } = SEND,
): void {
  if (typeof options !== 'object' || options === null) {
    throw new ValidationError('send() takes one object: send({ event, channels, data }).');
  }
  const names = isRecorded ? knownWithStore : known;
  const ofOthers = isRecorded ? advice : options.record === false ? adviceWithoutRecord : adviceWithoutStore;
  checkOptionNames(options, more.length === 0 ? names : [...names, ...more], name, ofOthers);
  const { channels, users, timeout, idempotencyKey, backendOptions, record } = options;
  if (channels !== undefined && users !== undefined)
    throw new ValidationError('send() takes "channels" or "users", not both.');
  if (channels === undefined && users === undefined) throw new ValidationError('send() needs "channels" or "users".');
  if (users === null) throw new ValidationError('"users" is null: pass a user, or a list of them.');
  checkCall(options);
  if (timeout !== undefined) checkTimeout(timeout);
  if (idempotencyKey !== undefined && !(typeof idempotencyKey === 'string' && /^.{1,255}$/su.test(idempotencyKey))) {
    throw new ValidationError('"idempotencyKey" must be a string of 1 to 255 characters.');
  }
  if (record !== undefined && typeof record !== 'boolean') throw new ValidationError('"record" must be true or false.');
  if (backendOptions !== undefined && (typeof backendOptions !== 'object' || backendOptions === null)) {
    throw new ValidationError('"backendOptions" must be an object.');
  }
}

/**
 * Reads the messages of a `sendMany`.
 * @throws ValidationError when they are no list, or one of them has an option that is the call's
 */
export function messageList<User>(
  messages: Iterable<SendOptions<User>>,
  call: CallOptions,
): readonly SendOptions<User>[] {
  if (typeof messages !== 'object' || messages === null || !(Symbol.iterator in messages)) {
    throw new ValidationError('sendMany() takes a list of messages: sendMany([{ event, channels, data }, …]).');
  }
  checkOptionNames(call, ['signal', 'ordered'], 'sendMany()');
  checkCall(call);
  const list = [...messages];
  for (const key of ['signal', 'ordered'] as const) {
    if (list.every((message) => message?.[key] === undefined)) continue;
    throw new ValidationError(
      `A message of sendMany() has no "${key}" of its own: pass it as sendMany(messages, { ${key} }).`,
    );
  }
  return list;
}

/** @throws ValidationError for a signal that is none, and for an `ordered` that is no boolean */
function checkCall({ signal, ordered }: CallOptions): void {
  checkSignal(signal);
  if (ordered !== undefined && typeof ordered !== 'boolean')
    throw new ValidationError('"ordered" must be true or false.');
}

/** Reads the names in `channels`, in order. @throws ValidationError when there is none */
export function channelsOf(channels: string | Iterable<string>): string[] {
  if (typeof channels === 'string') return [channels];
  if (typeof channels !== 'object' || channels === null || !(Symbol.iterator in channels)) {
    throw new ValidationError(
      `"channels" must be a string or a list of strings, not ${channels === null ? 'null' : `a value of type ${typeof channels}`}.`,
    );
  }
  const names = [...channels];
  if (names.length === 0) throw new ValidationError('"channels" is empty: name at least one channel.');
  return names;
}

/** Reads the users in `users`. A string, and an object that is not iterable, stand for one user. */
export function usersOf<User>(users: User | Iterable<User>): User[] {
  const isList = typeof users === 'object' && users !== null && Symbol.iterator in users;
  return isList ? [...users] : [users as User];
}
