import { ValidationError } from '../core/errors.js';
import { channelsOf, checkSendOptions, type SendOptions, usersOf } from '../delivery/send-options.js';
import type { TemplateSendOptions } from './options.js';
import { faultOfUrl } from './url.js';

/** What the options of a call depend on. */
interface CallHost {
  /** Whether there is a message store. */
  readonly hasStore: boolean;
  /** Whether there are several backends, so that there is `via`. */
  readonly choosesBackend: boolean;
}

/** Whether users may have renderings of their own. */
export function isByUser({ context, locale }: TemplateSendOptions<never, object>): boolean {
  return typeof context === 'function' || typeof locale === 'function';
}

/**
 * Reads the options of `sendTemplate` before anything is waited for.
 * @returns a copy that holds what the caller may change meanwhile. Objects of classes are the caller's, and so are
 * users, the signal and the transaction
 * @throws ValidationError for wrong options
 */
export function readOptions(
  options: TemplateSendOptions<never, object>,
  { hasStore, choosesBackend }: CallHost,
): TemplateSendOptions<never, object> {
  if (typeof options !== 'object' || options === null)
    throw new ValidationError('sendTemplate() takes one object: sendTemplate({ slug, users, context }).');
  const more = ['context', 'locale', ...(choosesBackend ? ['via'] : [])];
  checkSendOptions(options as SendOptions, hasStore, { name: 'sendTemplate()', more });
  if (options.channels !== undefined && isByUser(options))
    throw new ValidationError(
      '"context" and "locale" are functions of a user: send to "users", or pass values for "channels".',
    );
  const { users, channels, transaction, signal, ...rest } = options;
  const read: object = {
    ...copyOf(rest),
    ...(users !== undefined && { users: usersOf<unknown>(users) }),
    ...(channels !== undefined && { channels: channelsOf(channels) }),
    ...(transaction !== undefined && { transaction }),
    ...(signal !== undefined && { signal }),
  };
  checkAddress(options.notification);
  return read as TemplateSendOptions<never, object>;
}

function checkAddress(notification: TemplateSendOptions<never, object>['notification']): void {
  const url: unknown = notification?.url;
  const fault = typeof url === 'string' ? faultOfUrl(url) : undefined;
  if (fault !== undefined) throw new ValidationError(`"notification.url": the address ${fault}.`);
}

/** A copy of plain objects, lists and dates, at any depth. What else there is stands in it as it is. */
export function copyOf<Value>(value: Value): Value {
  const copies = new Map<object, object>();
  const copy = (from: unknown): unknown => {
    if (typeof from !== 'object' || from === null) return from;
    const known = copies.get(from);
    if (known !== undefined) return known;
    if (from instanceof Date) return new Date(from);
    const prototype: unknown = Object.getPrototypeOf(from);
    if (!Array.isArray(from) && prototype !== Object.prototype && prototype !== null) return from;
    const to: object = Array.isArray(from) ? new Array(from.length) : Object.create(prototype as object | null);
    copies.set(from, to);
    for (const key of Object.keys(from)) {
      const property = Object.getOwnPropertyDescriptor(from, key) ?? {};
      // Getters are read where they are needed.
      const own = 'value' in property ? { ...property, value: copy(property.value) } : property;
      Object.defineProperty(to, key, own);
    }
    return to;
  };
  try {
    return copy(value) as Value;
  } catch (error) {
    if (error instanceof RangeError) throw new ValidationError('The options of sendTemplate() are nested too deeply.');
    throw error;
  }
}
