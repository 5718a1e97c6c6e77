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
 */
export class SharedMembers implements MemberList {
  readonly #members = new Map<string, { readonly value: string; readonly listed: ListedMember }>();
  /** Undefined until it was read. */
  #version: number | undefined;
  /** Changes that came before the list was read. */
  #early: SetChange[] = [];
  /** How often it was forgotten. A list that was asked for before may lack what was missed then. */
  forgotten = 0;

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
    const left = change.left.map(idOf).filter((id) => this.#members.delete(id));
    const came = change.came.filter(({ item, value }) => this.#members.get(idOf(item))?.value !== value);
    return { left, came: came.map((item) => this.#add(item)) };
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
    const isOther = (id: string): boolean => values.get(id) !== this.#members.get(id)?.value;
    const left = this.ids.filter((id) => isOther(id) && (values.has(id) || !keepsAbsent));
    for (const id of left) this.#members.delete(id);
    const came = items.filter(({ item }) => !this.#members.has(idOf(item))).map((item) => this.#add(item));
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

  /** Adds those who are not in the list, until it is read again. @returns what has to be told */
  include(items: readonly SetItem[]): MemberChange {
    this.#version ??= 0;
    const absent = items.filter(({ item }) => !this.#members.has(idOf(item)));
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
