import { protocolError, subscriptionError } from '../pusher-protocol/messages.js';
import { channelNameProblem, isPresence, isPrivate, userOfChannel } from '../pusher-protocol/names.js';
import { MAX_NAME_LENGTH } from '../pusher-protocol/publish-limits.js';
import { memberOfUser, type ProtocolUser, parseMember } from '../pusher-protocol/users.js';
import { isRecord } from '../wire/is-record.js';
import type { App } from './app.js';
import type { Subscribed } from './app-channels.js';
import type { Connection } from './connection.js';
import type { SubscriptionRate } from './subscription-rate.js';

/** The `data` of `pusher:subscription_error`. */
interface SubscriptionRefusal {
  readonly type: 'AuthError' | 'InvalidChannel' | 'InvalidMember' | 'LimitReached';
  readonly error: string;
  /** A status of HTTP. */
  readonly status: number;
}

/** Answers `pusher:subscribe` and `pusher:unsubscribe`. */
export class SubscribeHandler {
  readonly #app: App;
  readonly #rate: SubscriptionRate;

  constructor(app: App, rate: SubscriptionRate) {
    this.#app = app;
    this.#rate = rate;
  }

  subscribe(connection: Connection, data: unknown): Promise<void> | undefined {
    if (!isRecord(data) || typeof data['channel'] !== 'string') {
      connection.sendText(protocolError('pusher:subscribe needs data with a "channel"'));
      return undefined;
    }
    const name = data['channel'];
    const existing = this.#app.channels.get(name);
    if (existing !== undefined && (connection.isOn(existing) || connection.isEntering(existing))) {
      connection.sendText(protocolError(`Existing subscription to channel ${name}`));
      return undefined;
    }
    const refusal = this.#checkName(name) ?? this.#checkLimits(connection) ?? this.#checkAccess(connection, name, data);
    if (refusal !== undefined) {
      refuse(connection, name, refusal);
      return undefined;
    }
    const member = isPresence(name) ? this.#memberOf(connection, name, data['channel_data']) : undefined;
    if (member !== undefined && 'error' in member) {
      refuse(connection, name, member);
      return undefined;
    }
    if (isPrivate(name) && !this.#app.authorize(connection)) return undefined;
    const subscribed = this.#app.subscribe(connection, name, member);
    if (typeof subscribed === 'object') return subscribed.then((end) => this.#subscribed(connection, name, end));
    this.#subscribed(connection, name, subscribed);
    return undefined;
  }

  #subscribed(connection: Connection, name: string, subscribed: Subscribed): void {
    if (typeof subscribed === 'number') this.#rate.sent(connection, subscribed);
    else if (subscribed === 'full') refuse(connection, name, this.#full());
  }

  #full(): SubscriptionRefusal {
    const error = `A presence channel has up to ${this.#app.limits.maxPresenceMembers} members`;
    return { type: 'LimitReached', error, status: 403 };
  }

  /** Ends a subscription; one that is not there is ignored. */
  unsubscribe(connection: Connection, data: unknown): void {
    const name = isRecord(data) ? data['channel'] : undefined;
    const channel = typeof name === 'string' ? this.#app.channels.get(name) : undefined;
    if (channel === undefined || !(connection.isOn(channel) || connection.isEntering(channel))) return;
    this.#rate.leave(connection, this.#app.unsubscribe(connection, channel));
  }

  #checkName(name: string): SubscriptionRefusal | undefined {
    const error = channelNameProblem(name, this.#app.channelName);
    return error === undefined ? undefined : { type: 'InvalidChannel', error, status: 400 };
  }

  #checkLimits(connection: Connection): SubscriptionRefusal | undefined {
    const { maxChannelsPerConnection, subscriptionsPerSecond } = this.#app.limits;
    if (!this.#rate.take(connection)) {
      const error = `A connection may subscribe and unsubscribe ${subscriptionsPerSecond} times a second`;
      return { type: 'LimitReached', error, status: 429 };
    }
    if (connection.channelCount >= maxChannelsPerConnection) {
      return {
        type: 'LimitReached',
        error: `A connection may subscribe to ${maxChannelsPerConnection} channels`,
        status: 403,
      };
    }
    return undefined;
  }

  #checkAccess(
    connection: Connection,
    name: string,
    data: Readonly<Record<string, unknown>>,
  ): SubscriptionRefusal | undefined {
    const userId = userOfChannel(name);
    if (userId !== undefined && connection.user?.id !== userId) {
      return { type: 'AuthError', error: 'The connection is not signed in as this user', status: 401 };
    }
    if (!isPrivate(name)) return undefined;
    if (this.#isSigned(connection, name, data)) return undefined;
    const error = `Auth value for subscription to ${name} is invalid: it must be "KEY:SIGNATURE" over this socket id and channel`;
    return { type: 'AuthError', error, status: 401 };
  }

  /**
   * On a presence channel the signature covers the member. On other channels data has no meaning, so it may be left out
   * of the signature; but some server libraries sign it there too.
   */
  #isSigned({ id: socketId }: Connection, channel: string, data: Readonly<Record<string, unknown>>): boolean {
    const { access } = this.#app;
    const { auth, channel_data: sentData } = data;
    const channelData = typeof sentData === 'string' ? sentData : undefined;
    if (access.maySubscribe({ socketId, channel, auth, channelData })) return true;
    if (isPresence(channel) || channelData === undefined) return false;
    return access.maySubscribe({ socketId, channel, auth, channelData: undefined });
  }

  /**
   * The member that a subscription adds to a presence channel: by its `channel_data`, else the user who is signed in.
   */
  #memberOf(connection: Connection, name: string, channelData: unknown): ProtocolUser | SubscriptionRefusal {
    const { maxPresenceMemberBytes, maxPresenceMembers } = this.#app.limits;
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
    const members = this.#app.channels.get(name)?.everyone;
    const isFull = members !== undefined && members.count >= maxPresenceMembers && !members.has(member.id);
    return isFull ? this.#full() : member;
  }
}

function refuse(connection: Connection, name: string, { type, error, status }: SubscriptionRefusal): void {
  connection.sendText(subscriptionError(name.slice(0, MAX_NAME_LENGTH), error, type, status));
}
