import type { OutgoingMessage, PushNotification } from '../../message.js';
import type { BackendMessageOptions } from '../request.js';
import type { OneSignalMessageOptions } from './message-options.js';
import { checkMessageOptions, checkTogether } from './message-options-schema.js';
import { mergedOptions, notificationBody } from './notification-body.js';
import { type NotificationTexts, notificationTexts } from './notification-texts.js';
import type { CheckedOptions } from './options-schema.js';

type Parts = Pick<BackendMessageOptions, 'notification' | 'backendOptions'>;
type Body = Readonly<Record<string, unknown>>;

/** The requests of messages, but for their recipients: made once for all requests and retries of a message. */
export class MessageBodies {
  readonly #settings: CheckedOptions;
  readonly #onFilled: (language: string) => void;
  readonly #known = new WeakMap<OutgoingMessage, Body>();

  /** @param onFilled gets the language of a notification that goes as English as well */
  constructor(settings: CheckedOptions, onFilled: (language: string) => void) {
    this.#settings = settings;
    this.#onFilled = onFilled;
  }

  /** @throws ValidationError for what OneSignal, or this backend, does not take */
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
