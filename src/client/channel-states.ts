/** Who is on a presence channel: what each member's id stands for, as the server's `authorize` was told. */
export type ChannelMembers = ReadonlyMap<string, unknown>;

/** How a channel's members have changed: by id. */
export interface MembersChange {
  readonly joined: readonly string[];
  readonly left: readonly string[];
}

/** The same object always, so that who compares sees no change. */
const nobody: ChannelMembers = new Map();

/** What the server has said of each channel. */
export class ChannelStates {
  readonly #subscribed = new Set<string>();
  /** Confirmed once, and not left since. */
  readonly #known = new Set<string>();
  readonly #members = new Map<string, ChannelMembers>();

  isSubscribed(channel: string): boolean {
    return this.#subscribed.has(channel);
  }

  membersOf(channel: string): ChannelMembers {
    return this.#members.get(channel) ?? nobody;
  }

  /** The server has confirmed. @returns whether it had done so before */
  confirm(channel: string): boolean {
    const isResubscription = this.#known.has(channel);
    this.#subscribed.add(channel);
    this.#known.add(channel);
    return isResubscription;
  }

  setMembers(channel: string, members: ChannelMembers): MembersChange {
    const before = this.membersOf(channel);
    if (members.size === 0) this.#members.delete(channel);
    else this.#members.set(channel, members);
    return {
      joined: [...members.keys()].filter((id) => !before.has(id)),
      left: [...before.keys()].filter((id) => !members.has(id)),
    };
  }

  /** The connection is gone. Who was there is remembered until the subscription is back. */
  lose(): void {
    this.#subscribed.clear();
  }

  /** The channel was refused. */
  refuse(channel: string): void {
    this.#subscribed.delete(channel);
  }

  /** The channel was left. */
  forget(channel: string): void {
    this.#subscribed.delete(channel);
    this.#known.delete(channel);
  }
}
