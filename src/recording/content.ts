import { createHash } from 'node:crypto';
import { ValidationError } from '../core/errors.js';
import type { Parted } from '../delivery/parts.js';
import type { MessageOrigin } from '../delivery/recording-options.js';
import type { Recipients, TraceContext } from '../messages/record.js';
import type { Time } from '../messages/store.js';
import type { JsonValue, PushNotification } from '../wire/message.js';
import type { MessageOptions } from './message-options.js';

/** What the application wrote: all that may be sealed, and that is dropped by `keepData: 'until-sent'`. */
export interface Content {
  /** The data as JSON text, as it was when the message was recorded. */
  readonly json: string;
  readonly notification?: PushNotification | undefined;
  readonly backendOptions?: Readonly<Record<string, JsonValue>> | undefined;
  readonly extraData?: JsonValue | undefined;
  /** The arguments of the condition. */
  readonly args?: JsonValue | undefined;
}

/** The rest of a message, which a store keeps as a text. */
export interface Details {
  readonly timeout?: number | undefined;
  readonly except?: string | undefined;
  /** The names of the backends that it goes by, where the message chose. */
  readonly via?: readonly string[] | undefined;
  readonly retryDelays?: readonly number[] | undefined;
  readonly whenUnknown?: 'resend' | 'keep' | undefined;
  readonly traceContext?: TraceContext | undefined;
  readonly template?: MessageOrigin['template'] | undefined;
  /** Why it is not sent, from the beginning. */
  readonly skip?: string | undefined;
  /** When it was to be sent first, where that was later than at once: a retry moves the record's `sendAfter`. */
  readonly firstDue?: Time | undefined;
  /** Whether there is nothing to send. */
  readonly hasNoTexts?: true | undefined;
}

/** The rest of most contents. */
const NOTHING_ELSE = '{}\n';

/** The text of a message's content: the data stands by itself behind the rest, so that its text stays as it is. */
export function contentText({ whole: draft, backendOptions }: Parted, options: MessageOptions): string {
  const { notification } = draft.message;
  const { extraData, args } = options;
  const hasMore = [notification, backendOptions, extraData, args].some((each) => each !== undefined);
  if (!hasMore) return `${NOTHING_ELSE}${draft.json}`;
  const rest = JSON.stringify({ notification, backendOptions });
  const texts = [
    ...(extraData === undefined ? [] : [`"extraData":${extraData}`]),
    ...(args === undefined ? [] : [`"args":${args}`]),
  ];
  if (texts.length === 0) return `${rest}\n${draft.json}`;
  const inner = [rest.slice(1, -1), ...texts].filter((text) => text !== '').join(',');
  return `{${inner}}\n${draft.json}`;
}

/** Reads the text of a content; undefined when it was dropped. @throws SyntaxError for another text */
export function readContent(text: string): Content | undefined {
  if (text === '') return undefined;
  if (text.startsWith(NOTHING_ELSE)) return { json: text.slice(NOTHING_ELSE.length) };
  const end = text.indexOf('\n');
  const rest = JSON.parse(text.slice(0, end)) as Omit<Content, 'json'>;
  return { ...rest, json: text.slice(end + 1) };
}

/** The text of a message's details. */
export function detailsText(
  { whole, parts, via }: Parted,
  options: MessageOptions,
  { template, skip, hasNoTexts = false }: Partial<MessageOrigin> = {},
): string {
  const { retryDelays, whenUnknown, traceContext, sendAfter } = options;
  const details: Details = {
    timeout: whole.timeout,
    except: exceptOf(parts),
    via,
    retryDelays,
    whenUnknown,
    traceContext,
    template,
    skip,
    firstDue: sendAfter.inMs === 0 ? undefined : sendAfter,
    ...(hasNoTexts && { hasNoTexts }),
  };
  return JSON.stringify(details);
}

/** The socket id that is left out. Some backends leave nobody out, and their parts have none. */
function exceptOf(parts: Parted['parts']): string | undefined {
  return parts.find(({ draft }) => draft.message.except !== undefined)?.draft.message.except;
}

/**
 * The digest of what a message says and to whom: two calls with one idempotency key mean the same message when it is
 * the same. The order of the keys of objects, and of the recipients, does not count.
 * @throws ValidationError for data that is nested too deeply
 */
export function digestOf({ whole, parts, via, backendOptions }: Parted, recipients: Recipients): string {
  const { message, json } = whole;
  const { event, notification } = message;
  const { users, channels } = recipients;
  const contents = {
    event,
    data: JSON.parse(json),
    notification,
    except: exceptOf(parts),
    backendOptions,
    via: via?.toSorted(),
    users: users?.toSorted(),
    channels: channels?.toSorted(),
  };
  return createHash('sha256').update(canonical(contents)).digest('base64url');
}

function canonical(whole: object): string {
  try {
    return JSON.stringify(whole, sorted);
  } catch (cause) {
    // It takes more of the stack than JSON alone.
    throw new ValidationError('"data" is nested too deeply for an "idempotencyKey".', { cause });
  }
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
