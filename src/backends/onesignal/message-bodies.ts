import { createHash } from 'node:crypto';
import type { OutgoingMessage, PushNotification } from '../../wire/message.js';
import type { BackendMessageOptions } from '../contract/message.js';
import { checkMessageOptions, checkTogether, type OneSignalMessageOptions } from './message-options.js';
import { mergedOptions, type NotificationTexts, notificationBody, notificationTexts } from './notification.js';
import type { CheckedOptions } from './options.js';

/** The UUID namespace of our keys. */
const namespace = Buffer.from('6d6e6a1f0b1c4d0c9a1de0b2c3f45a97', 'hex');

type Parts = Pick<BackendMessageOptions, 'notification' | 'backendOptions'>;
type Body = Readonly<Record<string, unknown>>;

/**
 * Makes the request bodies of messages, without recipients. A message gets one body for all its requests and retries.
 */
export class MessageBodies {
  readonly #settings: CheckedOptions;
  readonly #onFilled: (language: string) => void;
  readonly #known = new WeakMap<OutgoingMessage, Body>();

  /** @param onFilled called with the language of a notification whose texts are also sent as English */
  constructor(settings: CheckedOptions, onFilled: (language: string) => void) {
    this.#settings = settings;
    this.#onFilled = onFilled;
  }

  /** Checks a message. @throws ValidationError for options or texts that OneSignal or this backend does not take */
  check(parts: Parts): void {
    this.#textsOf(parts.notification, this.#optionsOf(parts));
  }

  of(message: OutgoingMessage): Body {
    const known = this.#known.get(message);
    if (known !== undefined) return known;
    const { notification, backendOptions } = message;
    const options = this.#optionsOf({ notification, backendOptions });
    const texts = this.#textsOf(notification, options);
    if (texts?.filledFrom !== undefined) this.#onFilled(texts.filledFrom);
    const body = notificationBody(message, options, texts);
    this.#known.set(message, body);
    return body;
  }

  #optionsOf({ notification, backendOptions }: Parts): OneSignalMessageOptions {
    const own = backendOptions === undefined ? {} : checkMessageOptions(backendOptions);
    const options = mergedOptions(this.#settings.defaults ?? {}, own);
    checkTogether(options, notification, this.#settings.target);
    return options;
  }

  #textsOf(
    notification: PushNotification | undefined,
    { translations = {} }: OneSignalMessageOptions,
  ): NotificationTexts | undefined {
    return notification && notificationTexts(notification, translations, this.#settings.language);
  }
}

/**
 * Makes the `idempotency_key` of a request. The same message to the same recipients, in any order, gets the same key.
 * The next 20 000 recipients of a message get another key, because OneSignal would drop their request as a duplicate.
 *
 * It is made as a UUID of version 5 is (RFC 9562, 5.5), but has the bits of version 4: OneSignal's older documents
 * allow versions 3 and 4 alone. Source: https://documentation.onesignal.com/v9.0/docs/idempotent-notification-requests
 * @param kind the kind of the recipients, such as `external_id`
 */
export function idempotencyKey(
  { id, idempotencyKey: name = id }: Pick<OutgoingMessage, 'id' | 'idempotencyKey'>,
  kind: string,
  recipients: readonly string[],
): string {
  const hash = createHash('sha1')
    .update(namespace)
    .update(JSON.stringify([name, kind, ...recipients.toSorted()]));
  const bytes = hash.digest();
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
