import { type ListedMember, listedMember } from '../../pusher-protocol/messages.js';
import type { ProtocolUser } from '../../pusher-protocol/users.js';
import type { MemberList } from '../presence.js';
import { idOf } from './item-text.js';
import type { SetChange, SetItem, SetState } from './relay.js';

/** What has to be told of a change: first who has left, then who has come. */
export interface MemberChange {
  readonly left: readonly string[];
  readonly came: readonly ProtocolUser[];
}

const unchanged: MemberChange = { left: [], came: [] };

/**
 * This node's copy of the members of a presence channel, of all nodes. It is followed by the numbers of its versions.
 * Who is a member on this node stays in it although the relay says otherwise: it has taken this node for dead, and is
 * about to be told again.
 */
export class SharedMembers implements MemberList {
  readonly #members = new Map<string, { readonly value: string; readonly listed: ListedMember }>();
  /** Undefined until it was read. */
  #version: number | undefined;
  readonly #isHere: (userId: string) => boolean;
  /** Those who are in it because they are here, and whom the relay does not have. */
  readonly #onlyHere = new Set<string>();
  /** Changes that came before the list was read. */
  #early: SetChange[] = [];
  /** How often it was forgotten. A list that was asked for before may lack what was missed then. */
  forgotten = 0;

  /** @param isHere whether a user is a member on this node. @default nobody is */
  constructor(isHere: (userId: string) => boolean = () => false) {
    this.#isHere = isHere;
  }

  /** Whether it is known which members there are. */
  get isKnown(): boolean {
    return this.#version !== undefined;
  }

  get count(): number {
    return this.#members.size;
  }

  get ids(): readonly string[] {
    return [...this.#members.keys()];
  }

  has(userId: string): boolean {
    return this.#members.has(userId);
  }

  list(): readonly ListedMember[] {
    return Array.from(this.#members.values(), ({ listed }) => listed);
  }

  /**
   * Takes a change.
   * @returns what has to be told of it; undefined when changes before it were missed, so that the list has to be read
   */
  apply(change: SetChange): MemberChange | undefined {
    if (this.#version === undefined) {
      this.#early.push(change);
      return unchanged;
    }
    if (change.version <= this.#version) return unchanged;
    if (change.previous > this.#version) return undefined;
    this.#version = change.version;
    const replaced = change.came
      .filter(({ item, value }) => this.#isOther(idOf(item), value))
      .map(({ item }) => idOf(item));
    const gone = change.left.map(idOf).filter((id) => this.#isGone(id));
    const left = [...new Set([...gone, ...replaced])].filter((id) => this.#members.delete(id));
    return { left, came: this.#take(change.came) };
  }

  /** Whether a member of this id is in it with another value. */
  #isOther(id: string, value: string): boolean {
    const member = this.#members.get(id);
    return member !== undefined && member.value !== value;
  }

  /** Whether a member has left whom the relay does not have any more. */
  #isGone(id: string): boolean {
    if (!this.#members.has(id)) return false;
    if (!this.#isHere(id)) return true;
    this.#onlyHere.add(id);
    return false;
  }

  /** Takes members whom the relay has. @returns those who were not in it */
  #take(items: readonly SetItem[]): ProtocolUser[] {
    for (const { item } of items) this.#onlyHere.delete(idOf(item));
    return items.filter(({ item }) => !this.#members.has(idOf(item))).map((item) => this.#add(item));
  }

  /**
   * A user is no member on this node any more.
   * @returns what has to be told: a member whom the relay does not have leaves
   */
  leftHere(userId: string): MemberChange {
    return this.#onlyHere.delete(userId) && this.#members.delete(userId) ? { left: [userId], came: [] } : unchanged;
  }

  /**
   * Takes the list as it was read, and the changes that came meanwhile.
   * @param keepsAbsent whether a member who is not in it stays: the relay has lost its memory, and is being told again
   * When they do not fit together, the list has to be read once more: then it is not known afterwards.
   * @returns what has to be told to those who know the list before
   */
  reset({ version, items }: SetState, keepsAbsent = false): MemberChange {
    const early = this.#early;
    this.#early = [];
    if (this.#version !== undefined && version < this.#version) return unchanged;
    this.#version = version;
    const values = new Map(items.map(({ item, value }) => [idOf(item), value]));
    const left = this.ids.filter((id) => {
      const value = values.get(id);
      return value === undefined ? !keepsAbsent && this.#isGone(id) : this.#isOther(id, value);
    });
    for (const id of left) this.#members.delete(id);
    const came = this.#take(items);
    const later: MemberChange[] = [];
    for (const change of early) {
      const applied = this.apply(change);
      if (applied === undefined) {
        this.forget();
        break;
      }
      later.push(applied);
    }
    return joined([{ left, came }, ...later]);
  }

  /** Adds those who are here and not in the list. @returns what has to be told */
  include(items: readonly SetItem[]): MemberChange {
    this.#version ??= 0;
    const absent = items.filter(({ item }) => !this.#members.has(idOf(item)));
    for (const { item } of absent) this.#onlyHere.add(idOf(item));
    return { left: [], came: absent.map((item) => this.#add(item)) };
  }

  /** Forgets the version: nothing counts until the list is read again. Meanwhile it stays as it is. */
  forget(): void {
    this.forgotten++;
    this.#version = undefined;
    this.#early = [];
  }

  #add({ item, value }: SetItem): ProtocolUser {
    const user = { id: idOf(item), info: value === '' ? undefined : value };
    this.#members.set(user.id, { value, listed: listedMember(user) });
    return user;
  }
}

/** Several changes as one, in which nobody both comes and leaves who is where they were. */
function joined(changes: readonly MemberChange[]): MemberChange {
  if (changes.length === 1 && changes[0] !== undefined) return changes[0];
  const left = new Set<string>();
  const came = new Map<string, ProtocolUser>();
  for (const change of changes) {
    for (const id of change.left) if (!came.delete(id)) left.add(id);
    for (const user of change.came) came.set(user.id, user);
  }
  return { left: [...left], came: [...came.values()] };
}
