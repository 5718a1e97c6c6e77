import { memberAdded, memberRemoved } from '../../pusher-protocol/messages.js';
import { isPresence } from '../../pusher-protocol/names.js';
import type { ProtocolUser } from '../../pusher-protocol/users.js';
import { type ChannelChange, type ChannelSubscriber, LocalChannel } from '../local-channel.js';
import { itemOf } from './item-text.js';
import type { RelayedEvent } from './relayed-event.js';
import { type MemberChange, SharedMembers } from './shared-members.js';

/**
 * A channel that is on other nodes too, with its subscribers on this one. Its members are those of all nodes, and its
 * subscribers are told of them when the relay tells this node.
 */
export class SharedChannel extends LocalChannel {
  /** Undefined unless it is a presence channel. */
  readonly shared: SharedMembers | undefined;
  /** Resolves when this node hears everything that is published to it. */
  listening: Promise<void> | undefined;
  /** Resolves when the members are known. */
  reading: Promise<void> | undefined;
  /** On a cache channel: its last event since this node listens to it. */
  #lastEvent: { readonly event: RelayedEvent; readonly ends: number } | undefined;
  #total = 0;
  /** How often the relay has told how many subscribers there are. */
  toldTotals = 0;
  /** How often the last event was forgotten. What was asked for before may be older. */
  forgottenEvents = 0;
  /** Subscriptions that are about to be confirmed. */
  #entering = 0;
  /** Those of them that have taken a place which was kept for their user. */
  readonly #returning = new Set<ChannelSubscriber>();

  constructor(name: string) {
    super(name);
    this.shared = isPresence(name) ? new SharedMembers((id) => this.members?.has(id) === true) : undefined;
  }

  /** The last event, as long as it is kept. */
  get lastEvent(): RelayedEvent | undefined {
    return this.#lastEvent !== undefined && this.#lastEvent.ends > performance.now()
      ? this.#lastEvent.event
      : undefined;
  }

  /** Keeps an event for so long, in milliseconds. */
  keep(event: RelayedEvent, ttlMs: number): void {
    this.#lastEvent = { event, ends: performance.now() + ttlMs };
  }

  /** Forgets the last event: there may have been a later one. */
  forgetEvent(): void {
    this.forgottenEvents++;
    this.#lastEvent = undefined;
  }

  override get everyone(): SharedMembers | undefined {
    return this.shared;
  }

  override get total(): number {
    return this.#total;
  }

  /** Notes how many subscribers there are on all nodes. */
  noteTotal(total: number): void {
    this.#total = total;
  }

  /** Bytes of a text that all subscribers are sent, on all nodes. */
  costOf(text: string): number {
    return Buffer.byteLength(text) * this.#total;
  }

  override get isOccupied(): boolean {
    return super.isOccupied || this.#entering > 0;
  }

  /** Subscriptions on this node, those that are about to be confirmed among them. */
  get weight(): number {
    return this.size + this.#entering;
  }

  override admit(subscriber: ChannelSubscriber, member: ProtocolUser | undefined): ChannelChange {
    this.#entering++;
    const change = super.admit(subscriber, member);
    if (change.place !== undefined) this.#returning.add(subscriber);
    return change;
  }

  override confirm(subscriber: ChannelSubscriber): number {
    this.#entering--;
    this.#returning.delete(subscriber);
    return super.confirm(subscriber);
  }

  /** Like {@link confirm}, for a subscriber that speaks no protocol. */
  confirmPlain(subscriber: ChannelSubscriber): void {
    this.#entering--;
    this.addPlain(subscriber);
  }

  /**
   * A subscription that was about to be confirmed will not be.
   * @param mayReturn whether it was only lost. When it had taken a place, that is kept again
   */
  withdraw(subscriber: ChannelSubscriber, mayReturn: boolean): ChannelChange {
    this.#entering--;
    return this.remove(subscriber, this.#returning.delete(subscriber) && mayReturn);
  }

  /** Counts the members on this node in, of whom the relay cannot be told yet. */
  knowOwnMembers(): void {
    if (this.shared === undefined || this.members === undefined) return;
    const items = this.members.ids.map((id) => ({ item: itemOf(id), value: this.members?.standing(id)?.info ?? '' }));
    this.noteChange(this.shared.include(items));
  }

  /** A subscription of a user on this node is there no more, or a place. */
  noteLeftHere(userId: string): void {
    if (this.shared !== undefined && this.members?.has(userId) === false) this.noteChange(this.shared.leftHere(userId));
  }

  protected override noteArrival(): number {
    return 0;
  }

  protected override noteLeave(): number {
    return 0;
  }

  /** Has to be told of members on any node, see `tellNotices`. */
  noteChange({ left, came }: MemberChange): void {
    for (const userId of left) this.note(memberRemoved(this.name, userId));
    for (const user of came) this.note(memberAdded(this.name, user));
  }
}
