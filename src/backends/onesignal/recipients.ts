import { ValidationError } from '../../core/errors.js';
import type { CheckedOptions } from './options.js';

/**
 * Most recipients of one request. Source: https://documentation.onesignal.com/reference/push-notification,
 * `include_aliases`.
 */
export const MAX_RECIPIENTS = 20_000;

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Whether a value is a UUID. All of OneSignal's ids are UUIDs. */
export function isUuid(text: unknown): boolean {
  return typeof text === 'string' && uuid.test(text);
}

/**
 * Finds the recipient of each channel, in the same order.
 * @throws ValidationError for a channel without a recipient
 */
export function recipientsOf(
  channels: readonly string[],
  { recipient, target }: Pick<CheckedOptions, 'recipient' | 'target'>,
): readonly string[] {
  const recipients = recipient === undefined ? channels : channels.map((channel) => mapped(channel, recipient));
  if (target !== 'subscriptions') return recipients;
  const wrong = recipients.find((id) => !isUuid(id));
  if (wrong === undefined) return recipients.map((id) => comparable(id, target));
  throw refused(`"${wrong.slice(0, 60)}" is not a subscription id, because it is no UUID.`);
}

/** Makes an id comparable. The ids of subscriptions are UUIDs, where the case of letters does not matter. */
export function comparable(id: string, target: CheckedOptions['target']): string {
  return target === 'subscriptions' ? id.toLowerCase() : id;
}

function mapped(channel: string, recipient: (channel: string) => string): string {
  let found: unknown;
  try {
    found = recipient(channel);
  } catch (cause) {
    throw refused(`The option "recipient" failed for the channel "${channel}".`, cause);
  }
  if (typeof found === 'string' && found !== '') return found;
  throw refused(`The option "recipient" returned no name for the channel "${channel}".`);
}

function refused(message: string, cause?: unknown): ValidationError {
  return new ValidationError(message, { backend: 'onesignal', cause });
}

/** Makes the part of a request that names its recipients. @param recipients without duplicates */
export function targeting(
  recipients: readonly string[],
  { target, aliasLabel }: Pick<CheckedOptions, 'target' | 'aliasLabel'>,
): Readonly<Record<string, unknown>> {
  if (target === 'subscriptions') return { include_subscription_ids: recipients };
  if (target === 'segments') return { included_segments: recipients };
  return { include_aliases: { [aliasLabel]: recipients }, target_channel: 'push' };
}
