import { cacheMiss, type PresenceMember, protocolError, subscriptionError } from '../pusher-protocol/messages.js';
import { channelNameProblem, isCache, isPresence, isPrivate, userOfChannel } from '../pusher-protocol/names.js';
import { channelText, isAuthorized } from '../pusher-protocol/signature.js';
import { isRecord } from '../wire/is-record.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';
import type { FilledOptions } from './options.js';
import { memberOfUser, parseMember } from './sign-in.js';
import type { SubscriptionRate } from './subscription-rate.js';

/** An error names the channel as the client did, which else does not find it; this cuts off what no program means as a name. */
const MAX_ECHOED_LENGTH = 1000;

/** Why a subscription is refused, in the terms of `pusher:subscription_error`. */
interface Refusal {
  readonly type: 'AuthError' | 'InvalidChannel' | 'InvalidMember' | 'LimitReached';
  readonly error: string;
  /** As of HTTP. */
  readonly status: number;
}

/** Answers `pusher:subscribe` and `pusher:unsubscribe`. */
export class Subscriptions {
  readonly #app: App;
  readonly #limits: FilledOptions;
  readonly #rate: SubscriptionRate;

  constructor(app: App, limits: FilledOptions, rate: SubscriptionRate) {
    this.#app = app;
    this.#limits = limits;
    this.#rate = rate;
  }

  subscribe(connection: Connection, data: unknown): void {
    if (!isRecord(data) || typeof data['channel'] !== 'string') {
      connection.sendText(protocolError('pusher:subscribe needs data with a "channel"'));
      return;
    }
    const name = data['channel'];
    const existing = this.#app.channels.get(name);
    if (existing !== undefined && connection.channels?.has(existing)) {
      connection.sendText(protocolError(`Existing subscription to channel ${name}`));
      return;
    }
    const refusal =
      this.#checkName(name) ?? this.#checkLimits(connection) ?? this.#checkAuthorization(connection, name, data);
    if (refusal !== undefined) {
      refuse(connection, name, refusal);
      return;
    }
    const member = isPresence(name) ? this.#memberOf(connection, name, data['channel_data']) : undefined;
    if (member !== undefined && 'error' in member) {
      refuse(connection, name, member);
      return;
    }
    this.#app.subscribe(connection, name, member);
    if (isCache(name)) connection.sendText(this.#app.cachedEvent(name) ?? cacheMiss(name));
  }

  /** Leaving a channel that one is not on changes nothing. */
  unsubscribe(connection: Connection, data: unknown): void {
    const name = isRecord(data) ? data['channel'] : undefined;
    const channel = typeof name === 'string' ? this.#app.channels.get(name) : undefined;
    if (channel === undefined || !connection.channels?.has(channel)) return;
    this.#rate.leave(connection);
    this.#app.unsubscribe(connection, channel);
  }

  #checkName(name: string): Refusal | undefined {
    const error = channelNameProblem(name);
    return error === undefined ? undefined : { type: 'InvalidChannel', error, status: 400 };
  }

  #checkLimits(connection: Connection): Refusal | undefined {
    const { maxChannelsPerConnection, subscriptionsPerSecond } = this.#limits;
    if (!this.#rate.take(connection)) {
      const error = `A connection may subscribe and unsubscribe ${subscriptionsPerSecond} times a second`;
      return { type: 'LimitReached', error, status: 429 };
    }
    if ((connection.channels?.size ?? 0) >= maxChannelsPerConnection) {
      return {
        type: 'LimitReached',
        error: `A connection may subscribe to ${maxChannelsPerConnection} channels`,
        status: 403,
      };
    }
    return undefined;
  }

  #checkAuthorization(
    connection: Connection,
    name: string,
    data: Readonly<Record<string, unknown>>,
  ): Refusal | undefined {
    const userId = userOfChannel(name);
    if (userId !== undefined && connection.user?.id !== userId) {
      return { type: 'AuthError', error: 'The connection is not signed in as this user', status: 401 };
    }
    if (!isPrivate(name)) return undefined;
    const { auth, channel_data: channelData } = data;
    const signedData = isPresence(name) && typeof channelData === 'string' ? channelData : undefined;
    if (isAuthorized(auth, channelText(connection.id, name, signedData), this.#app.settings)) return undefined;
    const error = `Auth value for subscription to ${name} is invalid: it must be "KEY:SIGNATURE" over this socket id and channel`;
    return { type: 'AuthError', error, status: 401 };
  }

  /** Who subscribes to a presence channel: the one in `channel_data`, else the user that the connection is signed in as. */
  #memberOf(connection: Connection, name: string, channelData: unknown): PresenceMember | Refusal {
    const { maxPresenceMemberBytes, maxPresenceMembers } = this.#limits;
    const { user } = connection;
    const member =
      typeof channelData === 'string'
        ? parseMember(channelData, maxPresenceMemberBytes)
        : user && memberOfUser(user, maxPresenceMemberBytes);
    if (member === undefined) {
      return {
        type: 'InvalidMember',
        error: 'A presence channel needs channel_data, or a connection that is signed in',
        status: 400,
      };
    }
    if (typeof member === 'string') return { type: 'InvalidMember', error: member, status: 400 };
    const presence = this.#app.channels.get(name)?.presence;
    if (presence !== undefined && presence.count >= maxPresenceMembers && !presence.has(member.id)) {
      return { type: 'LimitReached', error: `A presence channel has up to ${maxPresenceMembers} members`, status: 403 };
    }
    return member;
  }
}

function refuse(connection: Connection, name: string, { type, error, status }: Refusal): void {
  connection.sendText(subscriptionError(name.slice(0, MAX_ECHOED_LENGTH), error, type, status));
}
