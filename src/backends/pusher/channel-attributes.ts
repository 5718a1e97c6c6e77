import { ValidationError } from '../../core/errors.js';
import { isRecord } from '../../wire/is-record.js';

/** What Pusher tells of a channel. */
export interface ChannelAttributes {
  /** Connections that are subscribed, where the application's settings have them counted. */
  readonly subscriptionCount?: number;
  /** Different users on a presence channel. */
  readonly userCount?: number;
}

/** The attributes that can be asked for, by Pusher's names. */
export type ChannelAttribute = 'subscription_count' | 'user_count';

const attributes: readonly string[] = ['subscription_count', 'user_count'] satisfies ChannelAttribute[];

/**
 * Reads which attributes are asked for: a list, or a text with commas.
 * @returns them as Pusher wants them, or undefined when none are asked for
 * @throws ValidationError for an attribute that there is not
 */
export function attributesAsked(info: unknown): string | undefined {
  if (info === undefined) return undefined;
  const names: readonly unknown[] | undefined =
    typeof info === 'string' ? info.split(',').map((name) => name.trim()) : Array.isArray(info) ? info : undefined;
  if (names === undefined || names.length === 0 || !names.every((name) => attributes.includes(name as string)))
    throw new ValidationError(
      `"info" takes ${attributes.map((name) => `"${name}"`).join(' and ')}, as a list or in a text with commas.`,
    );
  return [...new Set(names)].join(',');
}

/** Reads what Pusher answered for a channel. */
export function attributesTold(answer: unknown): ChannelAttributes {
  const { subscription_count: subscriptionCount, user_count: userCount } = isRecord(answer) ? answer : {};
  return {
    ...(typeof subscriptionCount === 'number' && { subscriptionCount }),
    ...(typeof userCount === 'number' && { userCount }),
  };
}

/** Reads what Pusher answered for several channels, by their names. */
export function attributesByChannel(answer: unknown): ReadonlyMap<string, ChannelAttributes> {
  const channels = isRecord(answer) ? answer['channels'] : undefined;
  return new Map(
    Object.entries(isRecord(channels) ? channels : {}).map(([name, told]) => [name, attributesTold(told)]),
  );
}
