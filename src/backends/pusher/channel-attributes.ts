import { ValidationError } from '../../core/errors.js';
import { isRecord } from '../../wire/is-record.js';

/** The numbers that Pusher tells of a channel. */
export interface ChannelAttributes {
  /** Number of subscribed connections, when the application has subscription counting enabled. */
  readonly subscriptionCount?: number;
  /** Number of different users on a presence channel. */
  readonly userCount?: number;
}

/** The attributes that you can ask for, by Pusher's names. */
export type ChannelAttribute = 'subscription_count' | 'user_count';

const attributes: readonly string[] = ['subscription_count', 'user_count'] satisfies ChannelAttribute[];

/**
 * Reads the option `info`: a list of attributes, or a string with commas.
 * @returns the attributes with commas, as Pusher takes them; undefined without the option
 * @throws ValidationError for an unknown attribute
 */
export function attributesAsked(info: unknown): string | undefined {
  if (info === undefined) return undefined;
  const names: readonly unknown[] | undefined =
    typeof info === 'string' ? info.split(',').map((name) => name.trim()) : Array.isArray(info) ? info : undefined;
  if (names === undefined || names.length === 0 || !names.every((name) => attributes.includes(name as string)))
    throw new ValidationError(
      `"info" takes ${attributes.map((name) => `"${name}"`).join(' and ')}, as a list or as a string with commas.`,
    );
  return [...new Set(names)].join(',');
}

/** Reads the attributes in an answer about one channel. */
export function attributesTold(answer: unknown): ChannelAttributes {
  const { subscription_count: subscriptionCount, user_count: userCount } = isRecord(answer) ? answer : {};
  return {
    ...(typeof subscriptionCount === 'number' && { subscriptionCount }),
    ...(typeof userCount === 'number' && { userCount }),
  };
}

/** Reads the attributes in an answer about several channels, by channel. */
export function attributesByChannel(answer: unknown): ReadonlyMap<string, ChannelAttributes> {
  const channels = isRecord(answer) ? answer['channels'] : undefined;
  return new Map(
    Object.entries(isRecord(channels) ? channels : {}).map(([name, told]) => [name, attributesTold(told)]),
  );
}
