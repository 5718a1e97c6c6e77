import type { Duration } from '../core/durations.js';
import type { Priority, TraceContext } from '../messages/record.js';

/**
 * What is asked of a message at sending time: the name of a condition, with its arguments where it takes some. They
 * are anything that survives JSON.
 */
export type When = string | { readonly name: string; readonly args?: unknown };

/** An object of the application that a message is about. */
export interface RelatedTo {
  readonly type: string;
  readonly id: string | number;
}

/** The options of `send` that need a message store, which the setting `messages` names. */
export interface RecordingOptions {
  /**
   * Whether the message is recorded. Without a record it is sent at once or not at all.
   * @default true where there is a message store
   */
  record?: boolean | undefined;
  /**
   * Whether the call waits until the message is sent. With false, it resolves when the message is recorded, and a
   * worker sends it.
   * @default true
   */
  wait?: boolean | undefined;
  /**
   * A transaction of the application's own database, to record the message in: it is sent after the commit, and never
   * when it is rolled back. Which ones a store takes is said in its guide.
   */
  transaction?: unknown;
  /** How long from now the message is sent, in milliseconds or as a text such as `'30m'`. @default at once */
  delay?: Duration | undefined;
  /** When the message is sent, however far away. A date in the past means now. Not beside `delay`. @default at once */
  at?: Date | undefined;
  /** When the message is not worth sending any more: a date, or a duration from now. @default never */
  expires?: Duration | Date | undefined;
  /** What is due is sent by priority, then by age. @default 'normal' */
  priority?: Priority | undefined;
  /**
   * The condition that is asked when the message is due. `'unread'` is built in, and is asked for each user: whoever
   * has read the message is left out. Others come from `PushService.condition`.
   */
  when?: When | undefined;
  /** A name by which `cancel` stops it; several messages may have the same. 1 to 255 characters. */
  key?: string | undefined;
  /** A name to find messages by, 1 to 255 characters. */
  tag?: string | undefined;
  /** The objects of the application that the message is about, to find it by. */
  relatedTo?: RelatedTo | readonly RelatedTo[] | undefined;
  /** Anything that survives JSON: it is recorded and not sent. */
  extraData?: unknown;
  /**
   * The waits before the message is tried again after what `send` tries at once, each with up to 10 % added. An empty
   * list: never again. @default the setting `recording.retryDelays`
   */
  retryDelays?: readonly Duration[] | undefined;
  /**
   * What happens to a channel of which nobody knows whether it got the message, because the answer was lost or the
   * process ended. @default the setting `recording.whenUnknown`, which is `'resend'`
   */
  whenUnknown?: 'resend' | 'keep' | undefined;
  /** The trace that the message belongs to, by the headers of W3C Trace Context. It is recorded. */
  traceContext?: TraceContext | undefined;
}

/** What a message was made of, for its record. */
export interface MessageOrigin {
  readonly template: { readonly slug: string; readonly version: number };
  /** Why it is recorded and not sent, such as `canSend`. @default it is sent */
  readonly skip?: string | undefined;
  /** Whether nothing was made for those who are skipped, so that it is not sent later, either. @default false */
  readonly hasNoTexts?: boolean | undefined;
}

/** The names of {@link RecordingOptions}, but for `record`, which means nothing without a store. */
export const recordingNames = [
  'wait',
  'transaction',
  'delay',
  'at',
  'expires',
  'priority',
  'when',
  'key',
  'tag',
  'relatedTo',
  'extraData',
  'retryDelays',
  'whenUnknown',
  'traceContext',
] as const;

/** What `send` says of these options when there is no store. */
export const withoutStore: Readonly<Record<string, string>> = Object.fromEntries(
  recordingNames.map((name) => [
    name,
    `it needs a message store, which keeps the message until it is sent: set "messages" in PUSH_SERVER, such as sqliteMessages({ file: 'push.db' }), or PUSH_MESSAGES in the environment`,
  ]),
);

/** What `send` says of these options beside `record: false`. */
export const withoutRecord: Readonly<Record<string, string>> = Object.fromEntries(
  recordingNames.map((name) => [
    name,
    `"${name}" needs the record of the message: leave out "record: false", or "${name}"`,
  ]),
);
