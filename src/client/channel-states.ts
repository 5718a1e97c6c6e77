import type { PushClientError } from './errors.js';

/** The members of a presence channel: user id → the info that the server gave when it authorised the member. */
export type ChannelMembers<Info = unknown> = ReadonlyMap<string, Info>;

/** A change of a channel's members, by user id. */
export interface MembersChange {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/** One object for all channels without members, so that comparing shows no change. */
const noMembers: ChannelMembers = new Map();

/** The state of each channel, as the server has reported it. */
export class ChannelStates {
  readonly #subscribed = new Set<string>();
  /** Channels that were confirmed once and not left since. */
  readonly #known = new Set<string>();
  readonly #members = new Map<string, ChannelMembers>();
  readonly #errors = new Map<string, PushClientError>();

  isSubscribed(channel: string): boolean {
    return this.#subscribed.has(channel);
  }

  membersOf(channel: string): ChannelMembers {
    return this.#members.get(channel) ?? noMembers;
  }

  /** The last failure of the subscription; undefined after a success. */
  errorOf(channel: string): PushClientError | undefined {
    return this.#errors.get(channel);
  }

  /** Notes that the server has confirmed a subscription. @returns whether it had confirmed the channel before */
  confirm(channel: string): boolean {
    const isResubscription = this.#known.has(channel);
    this.#subscribed.add(channel);
    this.#known.add(channel);
    this.#errors.delete(channel);
    return isResubscription;
  }

  /** Takes all members of a channel. @returns the difference to those before */
  setMembers(channel: string, members: ChannelMembers): MembersChange {
    const before = this.membersOf(channel);
    if (members.size === 0) this.#members.delete(channel);
    else this.#members.set(channel, members);
    return {
      joined: [...members.keys()].filter((id) => !before.has(id)),
      left: [...before.keys()].filter((id) => !members.has(id)),
    };
  }

  /** Notes that the connection is gone. The members are kept until the subscription is back. */
  lose(): void {
    this.#subscribed.clear();
  }

  /** Notes that the channel was refused, or could not be asked about. */
  fail(channel: string, error: PushClientError): void {
    this.#subscribed.delete(channel);
    this.#errors.set(channel, error);
  }

  /** Notes that the channel was left. */
  forget(channel: string): void {
    this.#subscribed.delete(channel);
    this.#known.delete(channel);
    this.#errors.delete(channel);
  }
}
