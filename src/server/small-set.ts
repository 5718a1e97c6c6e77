/**
 * A set that mostly holds one thing. Then it is that thing itself, because a `Set` takes 150 bytes more. Nothing that
 * it holds may be a `Set`. The functions that change it return what it is afterwards.
 */
export type SmallSet<Item extends object> = Item | Set<Item> | undefined;

export function withItem<Item extends object>(set: SmallSet<Item>, item: Item): SmallSet<Item> {
  if (set instanceof Set) return set.add(item);
  return set === undefined || set === item ? item : new Set([set, item]);
}

export function withoutItem<Item extends object>(set: SmallSet<Item>, item: Item): SmallSet<Item> {
  if (!(set instanceof Set)) return set === item ? undefined : set;
  set.delete(item);
  if (set.size > 1) return set;
  // The last one stays in the `Set` too, because somebody may be going through it.
  const [last] = set;
  return last;
}

export function hasItem<Item extends object>(set: SmallSet<Item>, item: Item): boolean {
  return set instanceof Set ? set.has(item) : set === item;
}

export function sizeOf(set: SmallSet<object>): number {
  if (set instanceof Set) return set.size;
  return set === undefined ? 0 : 1;
}

/** What it holds, in the order in which it came. */
export function itemsOf<Item extends object>(set: SmallSet<Item>): Iterable<Item> {
  if (set instanceof Set) return set;
  return set === undefined ? [] : [set];
}
