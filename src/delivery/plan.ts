import { randomUUID } from 'node:crypto';
import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import { lookUpError } from '../backends/contract/failure.js';
import { outgoingMessage } from '../backends/contract/message.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { askInTime } from '../core/ask-in-time.js';
import { AbortError, PushError, UnsupportedOperationError, ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { checkName, checkSize } from '../core/names.js';
import { timeOrderedId } from '../core/time-ordered-id.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { OutgoingMessage } from '../wire/message.js';
import { checkedChannels } from './checked-channels.js';
import { checkNotification } from './checked-notification.js';
import { checkedExcept } from './except.js';
import { type EncodeValue, encodedData, jsonText } from './json-text.js';
import { channelsOf, checkSendOptions, type SendOptions, usersOf } from './send-options.js';

/** A message that has passed every check, with the channels that it goes to. */
export interface PlannedMessage<User = unknown> {
  readonly message: OutgoingMessage;
  readonly channels: readonly string[];
  /** The channels of users that the backend does not take. They are not sent to. */
  readonly refused: ReadonlyMap<string, PushError>;
  /** The users that had no live session. */
  readonly unreachable: readonly User[];
  /** Deadline of each attempt, in milliseconds; undefined when the call set none. */
  readonly timeout: number | undefined;
  /** The channels of each user, in the order of the users; undefined unless {@link PlanContext.isRecorded}. */
  readonly channelsOfUsers?: ReadonlyArray<readonly string[]> | undefined;
  /** Whether a channel is not sent to again while nobody knows whether it got the message. @default false */
  readonly keepsUnknown?: boolean | undefined;
}

/** The backend that messages are planned for, and the sessions that users are looked up in. */
export interface PlanContext {
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly sessions: SessionAdapter<never>;
  /** The event of messages that name none. */
  readonly defaultEvent: string;
  /** Stands in for values of `data`, if the settings say so. */
  readonly encode: EncodeValue | undefined;
  /** How long the session adapter has for messages without a `timeout`, in milliseconds. */
  readonly timeout: number;
  readonly logger: Logger;
  /**
   * Whether messages are recorded: then they carry their id, an idempotency key works with every backend, and the plan
   * says whose a channel is.
   */
  readonly isRecorded: boolean;
}

const NONE_REFUSED: ReadonlyMap<string, PushError> = new Map();

/** A message whose users are not looked up yet. It holds nothing of the caller's object, which may change meanwhile. */
export interface Draft<User> {
  readonly message: OutgoingMessage;
  /** The data as JSON text. */
  readonly json: string;
  readonly timeout: number | undefined;
  /** The channels that were named. */
  readonly channels: readonly string[];
  readonly users: readonly User[];
}

/**
 * Checks messages and turns users into channels, in one look-up for all of them.
 * @param signal ends the waiting for the session adapter
 * @throws ValidationError or UnsupportedOperationError, DeliveryError or TimeoutError when the look-up fails,
 * AbortError; nothing has been sent then
 */
export async function plan<User>(
  messages: readonly SendOptions<User>[],
  context: PlanContext,
  signal: AbortSignal | undefined,
): Promise<PlannedMessage<User>[]> {
  const checked = checkAll(messages, context);
  const drafts = Array.isArray(checked) ? checked : await checked;
  // Each promise that is not made is a twentieth of a send to one channel.
  const planned = drafts.some(({ users }) => users.length > 0)
    ? await address(drafts, context, signal)
    : drafts.map(withoutUsers);
  throwIfNoneFits(planned);
  return planned;
}

/**
 * Makes all checks but those of the channels of users.
 * @returns a promise where a message names several channels, whose check may take long
 * @throws ValidationError or UnsupportedOperationError
 */
export function checkAll<User>(
  messages: readonly SendOptions<User>[],
  context: PlanContext,
): Draft<User>[] | Promise<Draft<User>[]> {
  const drafts = messages.map((options) => draft(options, context));
  if (!drafts.every(({ channels, users }) => channels.length === 1 || users.length > 0))
    return checkLists(drafts, context);
  for (const { message, channels, users } of drafts)
    if (users.length === 0) checkOneChannel(channels, message, context);
  return drafts;
}

/** Checks the channels of drafts. The rest is as for {@link checkAll}. */
export async function checkLists<User>(drafts: Draft<User>[], context: PlanContext): Promise<Draft<User>[]> {
  for (const [index, checked] of drafts.entries()) {
    const { message, channels, users } = checked;
    if (users.length > 0) continue;
    if (channels.length === 1) checkOneChannel(channels, message, context);
    // The list is the draft's own, so that it may be changed.
    else drafts[index] = { ...checked, channels: await checkedChannels(channels as string[], message, context) };
  }
  return drafts;
}

/**
 * Turns the users of messages into channels, in one look-up for all of them. Their channels that the backend does not
 * take are in `refused`.
 * @throws DeliveryError or TimeoutError when the look-up fails; AbortError
 */
export async function address<User>(
  drafts: readonly Draft<User>[],
  context: PlanContext,
  signal: AbortSignal | undefined,
): Promise<PlannedMessage<User>[]> {
  const planned: PlannedMessage<User>[] = [];
  const looked = drafts.some(({ users }) => users.length > 0) ? await lookUp(drafts, context, signal) : [];
  let position = 0;
  for (const each of drafts) {
    const { message, timeout, users } = each;
    if (users.length === 0) {
      planned.push(withoutUsers(each));
      continue;
    }
    const found = looked.slice(position, position + users.length);
    position += users.length;
    const refused = new Map<string, PushError>();
    const channels = await checkedChannels(found.flat(), message, context, refused);
    const unreachable = users.filter((_, index) => found[index]?.length === 0);
    const channelsOfUsers = context.isRecorded ? found : undefined;
    planned.push({ message, channels, refused, unreachable, timeout, channelsOfUsers });
  }
  return planned;
}

function withoutUsers<User>({ message, channels, timeout }: Draft<User>): PlannedMessage<User> {
  return { message, channels, refused: NONE_REFUSED, unreachable: [], timeout };
}

function draft<User>(options: SendOptions<User>, context: PlanContext): Draft<User> {
  checkSendOptions(options, context.isRecorded);
  const { backendOptions } = options;
  return draftOf(options, { id: newId(context), ...audienceOf(options), backendOptions }, context);
}

/** The id of a new message. */
export function newId({ isRecorded }: Pick<PlanContext, 'isRecorded'>): string {
  return isRecorded ? timeOrderedId() : randomUUID();
}

/** The receivers that are named in the options of a message. They may be read once only. */
export function audienceOf<User>({ channels, users }: SendOptions<User>): Pick<Draft<User>, 'channels' | 'users'> {
  return {
    channels: channels === undefined ? [] : channelsOf(channels),
    users: users === undefined ? [] : usersOf(users),
  };
}

/** What a draft does not take from the options of its message. */
export interface OwnOfDraft<User> extends Pick<Draft<User>, 'channels' | 'users'> {
  readonly id: string;
  readonly backendOptions: Record<string, unknown> | undefined;
}

/**
 * Makes the draft of a message whose options have the right form.
 * @throws ValidationError or UnsupportedOperationError for what the backend does not take
 */
export function draftOf<User>(
  options: SendOptions<User>,
  { id, channels, users, backendOptions }: OwnOfDraft<User>,
  context: PlanContext,
): Draft<User> {
  const { backend, capabilities, defaultEvent, encode, isRecorded } = context;
  const { event = defaultEvent, data: given = {}, notification, idempotencyKey } = options;
  checkName(event, 'event', capabilities.eventName, backend.name);
  if (idempotencyKey !== undefined && !capabilities.idempotencyKey && !isRecorded) {
    throw new UnsupportedOperationError(
      `The ${backend.name} backend does not drop a second message with the same "idempotencyKey": send without it, or set "messages" in PUSH_SERVER, a message store.`,
      { backend: backend.name },
    );
  }
  const data = encode === undefined ? given : encodedData(given, encode);
  const json = backend.stringify === undefined ? jsonText(data) : ownJsonText(data, backend);
  checkNotification(notification, data);
  const except = checkedExcept(options.except, { event, notification, backendOptions }, context);
  const payload = backend.encode({ id, event, json, notification });
  checkSize(payload, capabilities.maxPayloadBytes, backend.name);
  const parts = {
    id,
    event,
    json,
    payload,
    notification,
    except,
    // Where the backend has none, the message store makes it work.
    idempotencyKey: capabilities.idempotencyKey ? idempotencyKey : undefined,
    backendOptions,
    isRecorded,
  };
  const message = outgoingMessage(parts);
  return { message, json, timeout: options.timeout, channels, users };
}

/** The time for what all messages wait for, in milliseconds: the longest that one of them has. */
export function longestTimeout(
  messages: Iterable<{ readonly timeout: number | undefined }>,
  byDefault: number,
): number {
  let longest = 0;
  for (const { timeout = byDefault } of messages) longest = Math.max(longest, timeout);
  return longest;
}

/** The error of a caller whose signal fired before anything was sent. */
export function firedEarly({ reason }: AbortSignal): AbortError {
  return new AbortError('The signal fired before anything was sent.', { cause: reason });
}

/** Looks up the users of all messages, in one go. @returns a list of channels for each, in their order */
async function lookUp<User>(
  drafts: ReadonlyArray<Draft<User>>,
  context: PlanContext,
  signal: AbortSignal | undefined,
): Promise<ReadonlyArray<readonly string[]>> {
  const { backend, sessions, isRecorded } = context;
  const users = drafts.flatMap((found) => found.users);
  const timeout = longestTimeout(drafts, context.timeout);
  const ask = async (): Promise<ReadonlyArray<readonly string[]>> => {
    try {
      return await (sessions as SessionAdapter<User>).channelsFor(users);
    } catch (error) {
      // Nothing was sent, so that a message that is recorded can be tried again, whatever the reason is.
      throw lookUpError(error, backend, undefined, isRecorded);
    }
  };
  const found = await askInTime(
    sessions,
    ask,
    timeout,
    { missing: 'The session adapter did not answer', consequence: 'nothing was sent' },
    { signal, aborted: firedEarly },
  );
  if (!Array.isArray(found) || found.length !== users.length || !found.every(Array.isArray)) {
    throw new ValidationError(
      `The session adapter was asked for ${users.length} users: channelsFor() must return one list of channels for each.`,
    );
  }
  return found;
}

/** @throws ValidationError when channels were refused, and no channel of any message is left */
export function throwIfNoneFits(planned: readonly PlannedMessage[]): void {
  if (planned.some(({ channels }) => channels.length > 0)) return;
  for (const { refused } of planned) for (const error of refused.values()) throw error;
}

/**
 * What {@link checkedChannels} does, for the one channel that most messages go to.
 * @throws ValidationError when the backend does not take it
 */
function checkOneChannel(
  list: readonly string[],
  message: OutgoingMessage,
  { backend, capabilities }: PlanContext,
): void {
  checkName(list[0], 'channel', capabilities.channelName, backend.name);
  backend.checkChannels(list, message);
}

/** `data` as JSON text by the backend's own `stringify`. @throws ValidationError when that makes none */
function ownJsonText(data: unknown, backend: AnyBackend): string {
  let text: unknown;
  try {
    text = backend.stringify?.(data);
    JSON.parse(text as string);
  } catch (cause) {
    if (PushError.isPushError(cause)) throw cause;
    throw new ValidationError(`The ${backend.name} backend's own encoder returned no JSON for "data".`, { cause });
  }
  return text as string;
}
