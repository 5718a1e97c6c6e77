import { checkedDuration } from '../core/durations.js';
import { ValidationError } from '../core/errors.js';
import { jsonText } from '../delivery/json-text.js';
import type { RelatedTo } from '../delivery/recording-options.js';
import type { SendOptions } from '../delivery/send-options.js';
import type { Priority, RelatedObject, TraceContext } from '../messages/record.js';
import type { Time } from '../messages/store.js';

/** The options of a recorded message, checked. */
export interface MessageOptions {
  /** Whether it is for users, of whom there may be none. */
  readonly isForUsers: boolean;
  readonly idempotencyKey: string | undefined;
  /** Whether the message is sent at once, by this call. */
  readonly isNow: boolean;
  readonly sendAfter: Time;
  readonly expires: Time | undefined;
  readonly priority: Priority;
  readonly condition: string | undefined;
  /** JSON text of the condition's arguments. */
  readonly args: string | undefined;
  readonly key: string | undefined;
  readonly tag: string | undefined;
  readonly relatedTo: readonly RelatedObject[];
  /** JSON text. */
  readonly extraData: string | undefined;
  readonly retryDelays: readonly number[] | undefined;
  readonly whenUnknown: 'resend' | 'keep' | undefined;
  readonly traceContext: TraceContext | undefined;
  readonly transaction: unknown;
}

const priorities: readonly Priority[] = ['high', 'normal', 'low'];
const NOW: Time = { inMs: 0 };

/**
 * Checks the options of a message that is recorded.
 * @param now milliseconds since the epoch
 * @throws ValidationError
 */
export function checkMessageOptions(options: SendOptions<never>, now: number): MessageOptions {
  const { wait, transaction, delay, at, priority = 'normal', whenUnknown, retryDelays } = options;
  if (wait !== undefined && typeof wait !== 'boolean') throw new ValidationError('"wait" must be true or false.');
  if (!priorities.includes(priority)) throw new ValidationError('"priority" must be "high", "normal" or "low".');
  if (whenUnknown !== undefined && whenUnknown !== 'resend' && whenUnknown !== 'keep')
    throw new ValidationError('"whenUnknown" must be "resend" or "keep".');
  if (retryDelays !== undefined && !Array.isArray(retryDelays))
    throw new ValidationError('"retryDelays" must be a list of times, such as ["1m", "1h"].');
  const { users, idempotencyKey } = options;
  if (idempotencyKey !== undefined) checkKept(idempotencyKey, 'idempotencyKey');
  const sendAfter = dueTime(delay, at);
  const expires = expiry(options.expires, sendAfter, now);
  const when = condition(options);
  const isNow = delay === undefined && at === undefined && wait !== false && transaction === undefined;
  return {
    isForUsers: users !== undefined,
    idempotencyKey,
    isNow,
    sendAfter,
    expires,
    priority,
    ...when,
    key: label(options.key, 'key'),
    tag: label(options.tag, 'tag'),
    relatedTo: relatedObjects(options.relatedTo),
    extraData: options.extraData === undefined ? undefined : jsonText(options.extraData),
    retryDelays: retryDelays?.map((each, index) => checkedDuration(each, `retryDelays[${index}]`)),
    whenUnknown,
    traceContext: traceContext(options.traceContext),
    transaction,
  };
}

function dueTime(delay: unknown, at: unknown): Time {
  if (delay !== undefined && at !== undefined)
    throw new ValidationError('send() takes "delay" or "at", which both say when, not both.');
  if (delay !== undefined) return { inMs: checkedDuration(delay, 'delay') };
  return at === undefined ? NOW : { at: dateMs(at, 'at') };
}

function dateMs(date: unknown, name: string): number {
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.getTime();
  throw new ValidationError(`"${name}" must be a valid Date.`);
}

function expiry(expires: unknown, sendAfter: Time, now: number): Time | undefined {
  if (expires === undefined) return undefined;
  const time: Time =
    expires instanceof Date ? { at: dateMs(expires, 'expires') } : { inMs: checkedDuration(expires, 'expires') };
  if (absolute(time, now) > absolute(sendAfter, now)) return time;
  throw new ValidationError('"expires" must be later than the time at which the message is sent: it would never be.');
}

/** A time in milliseconds since the epoch. */
export function absolute(time: Time, now: number): number {
  return time.at ?? now + time.inMs;
}

function condition({ when, users }: SendOptions<never>): Pick<MessageOptions, 'condition' | 'args'> {
  if (when === undefined) return { condition: undefined, args: undefined };
  const { name, args } = typeof when === 'string' ? { name: when, args: undefined } : (when ?? {});
  if (typeof name !== 'string' || name === '')
    throw new ValidationError('"when" must be the name of a condition, or { name, args }.');
  if (name === 'unread' && users === undefined)
    throw new ValidationError('"when": "unread" is asked for each user: send to "users", not to "channels".');
  return { condition: name, args: args === undefined ? undefined : jsonText(args) };
}

/** @throws ValidationError for anything but a text of 1 to 255 characters */
function label(value: unknown, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && /^.{1,255}$/su.test(value)) return checkKept(value, name);
  throw new ValidationError(`"${name}" must be a string of 1 to 255 characters.`);
}

/**
 * Checks a text that messages are found by. Databases refuse a NUL, or put another character in the place of half a
 * surrogate pair, so that two texts would become one.
 * @throws ValidationError
 */
export function checkKept(text: string, name: string): string {
  if (!text.includes('\0') && text.isWellFormed()) return text;
  throw new ValidationError(`"${name}" must be a text without the character NUL and without half a surrogate pair.`);
}

/**
 * Reads `relatedTo`.
 * @throws ValidationError for anything but objects with a `type` and an `id`
 */
export function relatedObjects(relatedTo: RelatedTo | readonly RelatedTo[] | undefined): readonly RelatedObject[] {
  if (relatedTo === undefined) return [];
  const list: readonly RelatedTo[] = Array.isArray(relatedTo) ? relatedTo : [relatedTo as RelatedTo];
  return list.map((each) => {
    const { type, id } = each ?? {};
    const isId = (typeof id === 'string' && id !== '') || (typeof id === 'number' && Number.isFinite(id));
    if (typeof type === 'string' && type !== '' && isId)
      return { type: checkKept(type, 'relatedTo.type'), id: checkKept(String(id), 'relatedTo.id') };
    throw new ValidationError(
      '"relatedTo" must be { type, id }, such as { type: "order", id: 42 }, or a list of them.',
    );
  });
}

function traceContext(given: TraceContext | undefined): TraceContext | undefined {
  if (given === undefined) return undefined;
  const { traceparent, tracestate } = given ?? {};
  const isText = tracestate === undefined || typeof tracestate === 'string';
  if (typeof traceparent !== 'string' || !isText)
    throw new ValidationError('"traceContext" must be { traceparent, tracestate }, the headers as texts.');
  return tracestate === undefined ? { traceparent } : { traceparent, tracestate };
}
