import { cacheMiss, memberAdded, memberRemoved } from '../../pusher-protocol/messages.js';
import { isCache } from '../../pusher-protocol/names.js';
import type { ProtocolUser } from '../../pusher-protocol/users.js';
import { AppChannels, type AppChannelsParts, type Subscribed, sendPlain } from '../app-channels.js';
import type { Connection } from '../connection.js';
import type { LocalChannel } from '../local-channel.js';
import type { LocalDelivery } from '../local-delivery.js';
import type { PlainConnection } from '../plain/connection.js';
import type { AppRelay, AppTopics } from './app-relay.js';
import { itemOf } from './item-text.js';
import type { LocalEvents } from './local-events.js';
import { MemberLists, sets } from './member-lists.js';
import { PlaceNotices } from './place-notices.js';
import type { SetChange, ShareResult } from './relay.js';
import { cachedText, decodeEvent, type RelayedEvent } from './relayed-event.js';
import { SharedChannel } from './shared-channel.js';

/** The parts of an application that its channels need where a relay joins it to other nodes. */
export interface SharedChannelsParts extends AppChannelsParts {
  readonly relay: AppRelay;
  readonly local: LocalDelivery;
  readonly localEvents: LocalEvents;
  /** Channels that the application itself listens to on this node. */
  readonly heard: ReadonlySet<string>;
  /** How long a cache channel keeps its last event, in milliseconds. */
  readonly cacheTtlMs: number;
}

/**
 * The channels of an application on this node, which other nodes have too. A subscription is confirmed when the relay
 * has this node listen, all nodes can know of it, and this node has heard everything that came before.
 */
export class SharedChannels extends AppChannels implements AppTopics {
  readonly #shared: SharedChannelsParts;
  readonly #places: PlaceNotices;
  readonly #lists: MemberLists;

  constructor(parts: SharedChannelsParts) {
    super(parts);
    this.#shared = parts;
    this.#places = new PlaceNotices(parts.relay, parts.channels, this.leaves);
    this.#lists = new MemberLists(parts.relay, {
      isHere: (channel) => this.#isHere(channel),
      changed: (channel) => {
        if (!this.isClosing) this.pace.changed(channel);
      },
    });
  }

  protected override makeChannel(name: string): SharedChannel {
    return new SharedChannel(name);
  }

  override async subscribe(
    connection: Connection,
    name: string,
    member: ProtocolUser | undefined,
  ): Promise<Subscribed> {
    const channel = this.#channel(name);
    const entry = connection.enters(channel);
    const { place } = channel.admit(connection, member);
    if (place !== undefined) this.leaves.cancel(place);
    const isEntering = (): boolean => connection.isEntering(channel, entry);
    const entered = await this.#enter(channel, member?.id, isEntering);
    if (entered === undefined) return 'gone';
    if (entered === 'full') {
      this.unsubscribe(connection, channel);
      return 'full';
    }
    connection.entered(channel);
    if (place === undefined && member !== undefined && this.leaves.wait && !entered.isNew)
      this.#places.tell(name, member.id);
    const toOthers = entered.isNew && member !== undefined ? channel.costOf(memberAdded(name, member)) : 0;
    const bytes = channel.confirm(connection) + (this.counts?.tell(channel, connection) ?? 0) + toOthers;
    if (isCache(name)) connection.sendText(entered.cached ?? cacheMiss(name));
    return bytes;
  }

  override async subscribePlain(connection: PlainConnection, name: string): Promise<void> {
    const channel = this.#channel(name);
    const entry = connection.enters(channel);
    channel.admit(connection, undefined);
    const entered = await this.#enter(channel, undefined, () => connection.isEntering(channel, entry));
    if (entered === undefined || entered === 'full') return;
    connection.entered(channel);
    channel.confirmPlain(connection);
    if (isCache(name)) sendPlain(connection, entered.cached);
  }

  #channel(name: string): SharedChannel {
    return this.channel(name) as SharedChannel;
  }

  /**
   * Lets the relay know of a subscription that a connection has been admitted to.
   * @returns whether its user is a new member; undefined when the client has left meanwhile
   */
  async #enter(
    channel: SharedChannel,
    userId: string | undefined,
    isEntering: () => boolean,
  ): Promise<{ readonly cached: string | undefined; readonly isNew: boolean } | 'full' | undefined> {
    channel.listening ??= this.#shared.relay.listen(channel.name, this);
    await this.#shared.relay.whileThere(channel.listening);
    if (!isEntering()) return undefined;
    // Read before the update, after which everything is handed over that came later.
    let { forgottenEvents } = channel;
    let kept = await this.#shared.relay.whileThere(this.#keptOf(channel));
    if (!isEntering()) return undefined;
    let held = await this.#shared.relay.whileThere(
      Promise.all([
        this.#holdChannel(channel),
        userId === undefined ? undefined : this.#holdMember(channel, userId),
        this.#lists.known(channel),
      ]),
    );
    if (!isEntering()) return undefined;
    if (held?.[1]?.isRefused) return 'full';
    await this.#observed(channel, userId);
    // Changes may have been missed meanwhile, and events.
    while (held !== undefined && isEntering() && channel.shared?.isKnown === false)
      held = await this.#shared.relay.whileThere(this.#lists.known(channel).then(() => held));
    while (held !== undefined && isEntering() && isCache(channel.name) && channel.forgottenEvents !== forgottenEvents) {
      ({ forgottenEvents } = channel);
      kept = await this.#shared.relay.whileThere(this.#keptOf(channel));
      held = await this.#shared.relay.whileThere(this.#caughtUp(channel).then(() => held));
    }
    if (!isEntering()) return undefined;
    if (held === undefined) {
      channel.knowOwnMembers();
      this.pace.changed(channel);
    }
    const isNew = held?.[1]?.isNew === true;
    const local = held === undefined && isCache(channel.name) ? this.#shared.localEvents.last(channel.name) : undefined;
    const { lastEvent } = channel;
    return { cached: local ?? (lastEvent === undefined ? kept : cachedText(lastEvent)), isNew };
  }

  /**
   * Tells the observer of a subscription before it is confirmed. So whoever leaves another node from then on has not
   * left for good, as far as the observer knows.
   */
  async #observed(channel: SharedChannel, userId: string | undefined): Promise<void> {
    const { observer } = this.parts;
    observer?.joined(channel, userId, true);
    const told = observer?.whenTold?.(channel.name);
    if (told !== undefined) await this.#shared.relay.whileThere(told);
  }

  async #holdChannel(channel: SharedChannel): Promise<void> {
    const { relay } = this.#shared;
    const share = channel.isOccupied ? { weight: channel.weight } : undefined;
    const lingerMs = channel.members && this.parts.limits.presenceLeaveDelayMs;
    const rules = { isWeightTold: this.counts !== undefined, lingerMs };
    const { toldTotals } = channel;
    const result = await relay.hold(channel.name, sets.subscribers, '', share, rules);
    // Its own change is told, too. Whatever was told last is at least as new as the result.
    if (result !== undefined && channel.toldTotals === toldTotals) channel.noteTotal(result.figures.weight);
  }

  #holdMember(channel: SharedChannel, userId: string): Promise<ShareResult | undefined> {
    const standing = channel.members?.standing(userId);
    const share = standing && { weight: standing.isLive ? 1 : 0, value: standing.info };
    const { maxPresenceMembers: maxItems, presenceLeaveDelayMs: lingerMs } = this.parts.limits;
    const rules = { isTold: true, maxItems, lingerMs };
    return this.#shared.relay.hold(channel.name, sets.members, itemOf(userId), share, rules);
  }

  #isHere(channel: SharedChannel): boolean {
    return !this.isClosing && this.parts.channels.get(channel.name) === channel;
  }

  #caughtUp({ name }: SharedChannel): Promise<void> {
    const { relay } = this.#shared;
    return relay.node.caughtUp(relay.topicOf(name));
  }

  /** The event that the relay keeps for a cache channel; undefined, too, where the channel knows its last one. */
  async #keptOf({ name, lastEvent }: SharedChannel): Promise<string | undefined> {
    if (!isCache(name) || lastEvent !== undefined) return undefined;
    const { relay, cacheTtlMs } = this.#shared;
    try {
      const kept = await relay.node.connection.kept(relay.topicOf(name), cacheTtlMs);
      if (kept.payload !== undefined) return cachedText(decodeEvent(kept.payload));
      if (kept.isFirst) this.parts.observer?.cacheMissed(name);
    } catch {
      // Whoever comes to a cache channel while the relay is away gets what is published from now on.
    }
    return undefined;
  }

  override unsubscribe(connection: Connection, channel: LocalChannel, mayReturn: boolean = false): number {
    const userId = channel.members?.userOf(connection);
    if (!connection.isEntering(channel) || !(channel instanceof SharedChannel)) {
      const bytes = super.unsubscribe(connection, channel, mayReturn);
      const isGone = userId !== undefined && channel.members?.has(userId) === false;
      return isGone && channel instanceof SharedChannel
        ? bytes + channel.costOf(memberRemoved(channel.name, userId))
        : bytes;
    }
    connection.left(channel);
    const { user, place } = channel.withdraw(connection, mayReturn && !this.isClosing);
    if (place !== undefined) this.leaves.add(place, channel);
    this.left(channel, user, mayReturn, userId);
    return 0;
  }

  protected override left(
    channel: LocalChannel,
    goneUser: string | undefined,
    mayReturn: boolean,
    userId: string | undefined,
  ): void {
    if (channel instanceof SharedChannel && userId !== undefined) channel.noteLeftHere(userId);
    super.left(channel, goneUser, mayReturn, userId);
    if (!(channel instanceof SharedChannel)) return;
    if (this.isClosing) {
      // When all go, the node gives up everything at once, after the last webhooks. They tell how many are left.
      if (this.parts.observer !== undefined && channel.members === undefined) void this.#holdChannel(channel);
      return;
    }
    void this.#holdChannel(channel);
    if (userId !== undefined) void this.#holdMember(channel, userId);
    if (!channel.isOccupied) this.release(channel.name);
  }

  /** Their number is told when the relay tells it. */
  protected override tellCount(): number {
    return 0;
  }

  /** Hears a channel for the application itself. */
  async hear(name: string): Promise<void> {
    await this.#shared.relay.listen(name, this);
  }

  /** Listens no longer to a channel that nobody hears. */
  release(name: string): void {
    if (!this.parts.channels.has(name) && !this.#shared.heard.has(name)) this.#shared.relay.leave(name);
  }

  event(name: string, event: RelayedEvent): void {
    if (event.isForNodes) this.#places.take(name, event);
    else {
      const channel = event.isKept ? this.parts.channels.get(name) : undefined;
      if (channel instanceof SharedChannel) channel.keep(event, this.#shared.cacheTtlMs);
      this.#shared.local.deliverRelayed(name, event);
    }
  }

  changed(name: string, change: SetChange): void {
    const channel = this.parts.channels.get(name);
    if (!(channel instanceof SharedChannel)) return;
    if (change.set === sets.subscribers) {
      channel.toldTotals++;
      channel.noteTotal(change.weight);
      this.counts?.changed(channel);
    } else if (change.set === sets.members) this.#membersChanged(channel, change);
  }

  #membersChanged(channel: SharedChannel, change: SetChange): void {
    const told = channel.shared?.apply(change);
    if (told === undefined) {
      channel.shared?.forget();
      void this.#lists.known(channel);
      return;
    }
    channel.noteChange(told);
    if (!this.isClosing) this.pace.changed(channel);
  }

  missed(name: string): void {
    const channel = this.parts.channels.get(name);
    if (!(channel instanceof SharedChannel)) return;
    channel.forgetEvent();
    channel.shared?.forget();
    void this.#lists.known(channel);
    if (this.counts !== undefined) void this.#holdChannel(channel).then(() => this.counts?.changed(channel));
  }
}
