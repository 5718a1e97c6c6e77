import { PushError, ValidationError } from '../../core/errors.js';
import { isPresence } from '../../pusher-protocol/names.js';
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

/**
 * How long it is remembered that an application does not count subscriptions, in milliseconds. Somebody may switch it
 * on in the dashboard.
 */
const NOT_COUNTED_MS = 300_000;

/**
 * Asks about channels without subscription counts where the application does not count: by default it does not, and
 * Pusher then answers such a question with a 400.
 * Source: https://pusher.com/docs/channels/using_channels/events/#subscription-count-events
 */
export class SubscriptionCounting {
  #notCountedUntil = Number.NEGATIVE_INFINITY;

  /**
   * @param others the further attributes to ask for
   * @param ask makes the request, with the parameter `info` if there is anything to ask for
   */
  async ask<Answer>(
    others: readonly ChannelAttribute[],
    ask: (params: { readonly info?: string }) => Promise<Answer>,
  ): Promise<Answer> {
    if (performance.now() >= this.#notCountedUntil) {
      try {
        return await ask({ info: ['subscription_count', ...others].join(',') });
      } catch (error) {
        if (!isNotCounted(error)) throw error;
        this.#notCountedUntil = performance.now() + NOT_COUNTED_MS;
      }
    }
    return ask(others.length === 0 ? {} : { info: others.join(',') });
  }
}

function isNotCounted(error: unknown): boolean {
  return PushError.isPushError(error) && error.status === 400 && /subscription[ _]count/i.test(error.message);
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

/** Which channels to list, and what of them. */
export interface ChannelsQuery {
  /** Only channels whose name begins with it. */
  prefix?: string | undefined;
  /** The attributes to ask for. */
  info?: readonly ChannelAttribute[] | string | undefined;
}

/** The parameters of `GET /channels`. @throws ValidationError for a wrong query */
export function channelsParameters({ prefix, info }: ChannelsQuery): Record<string, string> {
  const asked = attributesAsked(info);
  if (asked?.includes('user_count') && !isPresence(prefix ?? ''))
    throw new ValidationError('Only presence channels have a "user_count": add the prefix "presence-".');
  return { ...(prefix !== undefined && { filter_by_prefix: prefix }), ...(asked !== undefined && { info: asked }) };
}

/** The ids of a presence channel's users, in an answer. */
export function userIdsTold(answer: unknown): readonly string[] {
  const users: unknown = isRecord(answer) ? answer['users'] : undefined;
  const ids: unknown[] = Array.isArray(users) ? users.map((user: unknown) => isRecord(user) && user['id']) : [];
  return ids.filter((id) => typeof id === 'string');
}
