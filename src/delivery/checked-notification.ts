import { ValidationError } from '../core/errors.js';
import type { PushNotification } from '../wire/message.js';

const notificationKeys = ['title', 'body', 'url', 'locale'];

/** Checks the option `notification`, beside the data that it goes with. @throws ValidationError */
export function checkNotification(notification: PushNotification | undefined, data: unknown): void {
  if (notification === undefined) return;
  if (typeof notification !== 'object' || notification === null)
    throw new ValidationError('"notification" must be an object with a "title" or a "body".');
  for (const [key, value] of Object.entries(notification)) {
    if (!notificationKeys.includes(key))
      throw new ValidationError(`"notification" has no key "${key}"; it has ${notificationKeys.join(', ')}.`);
    if (value !== undefined && typeof value !== 'string')
      throw new ValidationError(`"notification.${key}" must be a string, not a value of type ${typeof value}.`);
  }
  if (!notification.title && !notification.body)
    throw new ValidationError('"notification" needs a "title" or a "body" that is not empty.');
  if (typeof data === 'object' && data !== null && Object.hasOwn(data, 'notification')) {
    throw new ValidationError(
      '"data" has a key "notification", and the notification goes under that key: rename the one in "data".',
    );
  }
}
