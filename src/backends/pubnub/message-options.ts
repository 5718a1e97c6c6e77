import { ValidationError } from '../../core/errors.js';
import { didYouMean } from '../../core/schema-check.js';
import { isRecord } from '../../wire/is-record.js';
import type { OutgoingMessage } from '../../wire/message.js';
import { signalOf } from '../../wire/pubnub-envelope.js';
import type { BackendMessageOptions } from '../contract/message.js';
import { MAX_SIGNAL_BYTES, MAX_TTL_HOURS } from './names.js';

const backend = 'pubnub';

/** The keys of a message's `backendOptions`. */
export interface PubNubMessageOptions {
  /** Whether the message is a signal: at most 64 bytes, never stored, cheaper. @default false */
  readonly signal?: boolean;
  /** How long the message is stored, in hours; 0 means for ever. @default the backend's option `ttl` */
  readonly ttl?: number;
  /** Whether the message is stored. @default the backend's option `storeInHistory` */
  readonly storeInHistory?: boolean;
  /** Values for the filters of subscribers; they are not encrypted. */
  readonly meta?: Readonly<Record<string, unknown>>;
  /** A label: 3 to 50 letters, digits, `-` and `_`. */
  readonly customMessageType?: string;
  /** Whether the message reaches other data centres. @default true */
  readonly replicate?: boolean;
}

/** Form of a message type. Source: https://www.pubnub.com/docs/sdks/javascript/api-reference/publish-and-subscribe */
const messageType = /^(?!pn[-_])[A-Za-z0-9][A-Za-z0-9_-]{2,49}$/;

const checks: Readonly<
  Record<keyof PubNubMessageOptions, readonly [isRight: (value: unknown) => boolean, must: string]>
> = {
  signal: [isBoolean, 'be true or false'],
  ttl: [isHours, 'be a whole number of hours, 0 or more'],
  storeInHistory: [isBoolean, 'be true or false'],
  meta: [isPlainJson, 'be an object that survives JSON'],
  customMessageType: [
    (value) => typeof value === 'string' && messageType.test(value),
    'be 3 to 50 letters, digits, "-" and "_", with a letter or digit first, and not "pn-" or "pn_"',
  ],
  replicate: [isBoolean, 'be true or false'],
};

/** Options that a signal cannot have: it is not stored, and it carries no more than its event and data. */
const notOfSignals = ['ttl', 'storeInHistory', 'meta', 'replicate'] as const;

/** Checks the options of a message. @throws ValidationError for an option that PubNub does not allow */
export function checkMessageOptions({ backendOptions = {}, notification }: BackendMessageOptions): void {
  for (const [key, value] of Object.entries(backendOptions)) {
    if (!Object.hasOwn(checks, key))
      throw invalid(`The pubnub backend has no "backendOptions" key "${key}"${didYouMean(key, Object.keys(checks))}`);
    const [isRight, must] = checks[key as keyof PubNubMessageOptions];
    if (value !== undefined && !isRight(value)) throw invalid(`"backendOptions.${key}" must ${must}.`);
  }
  if (backendOptions['signal'] !== true) return;
  const misplaced = notOfSignals.find((key) => backendOptions[key] !== undefined);
  if (misplaced !== undefined) throw invalid(`A signal has no "${misplaced}": leave it out, or send a message.`);
  if (notification !== undefined) throw invalid('A signal has no room for a "notification": send a message.');
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

function isHours(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_TTL_HOURS;
}

function isPlainJson(value: unknown): boolean {
  if (!isRecord(value)) return false;
  try {
    return JSON.stringify(value).startsWith('{');
  } catch {
    return false;
  }
}

function invalid(problem: string): ValidationError {
  return new ValidationError(problem, { backend });
}

/** Checks the sizes that depend on a message's options. @throws ValidationError */
export function checkSizes(message: OutgoingMessage, maxPayloadBytes: number): void {
  const { signal, meta } = message.backendOptions ?? {};
  if (signal === true) {
    const bytes = Buffer.byteLength(JSON.stringify(signalOf(message.event, message.data)));
    if (bytes <= MAX_SIGNAL_BYTES) return;
    throw invalid(
      `The signal takes ${bytes} bytes as {"event":…,"data":…}; PubNub takes ${MAX_SIGNAL_BYTES}. Shorten event and data, or send a message.`,
    );
  }
  if (meta === undefined) return;
  // `meta` goes into the address, percent-encoded.
  const bytes = Buffer.byteLength(message.payload) + encodeURIComponent(JSON.stringify(meta)).length;
  if (bytes <= maxPayloadBytes) return;
  throw invalid(
    `The message takes ${bytes} bytes with its "meta"; the pubnub backend takes ${maxPayloadBytes}. Send less.`,
  );
}
