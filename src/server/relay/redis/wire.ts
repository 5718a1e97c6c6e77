import { ValidationError } from '../../../core/errors.js';
import type { SetChange, SetItem, ShareChange, ShareResult } from '../relay.js';
import { changeBits } from './scripts/nodes.js';

// What is published begins with a byte that says what it is. A node drops what it does not know: a later release may
// publish more.

/** A message, as it was published. */
export const MESSAGE: number = 'P'.charCodeAt(0);
/** A {@link SetChange}. */
export const CHANGE: number = 'C'.charCodeAt(0);
/** The end of an update: everything before it was handed over. */
export const MARKER: number = 'M'.charCodeAt(0);

/** A message as it is published. */
export function messageOf(payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(payload.length + 1);
  bytes[0] = MESSAGE;
  bytes.set(payload, 1);
  return bytes;
}

/** Reads what the script `settle` publishes. */
export function changeOf(payload: Buffer): SetChange {
  const [set = '', previous, version, weight, count, ...texts] = payload.toString('utf8', 1).split('\0');
  const left = texts.slice(0, Number(count));
  const came: SetItem[] = [];
  for (let index = left.length; index < texts.length; index += 2)
    came.push({ item: texts[index] ?? '', value: texts[index + 1] ?? '' });
  return { set, previous: Number(previous), version: Number(version), weight: Number(weight), left, came };
}

/** The parameters of the script `update` for changes. @throws ValidationError for a text with NUL, which parts texts */
export function changeParameters(changes: readonly ShareChange[]): string[] {
  const parameters: string[] = [];
  let before: ShareChange | undefined;
  for (const change of changes) {
    const { topic, set, item, share, maxItems, maxWeight } = change;
    const isSameSet = before !== undefined && before.topic === topic && before.set === set;
    before = change;
    let bits = isSameSet ? changeBits.sameSet : 0;
    if (change.isTold === true) bits |= changeBits.isTold;
    if (change.isWeightTold === true) bits |= changeBits.isWeightTold;
    const given: string[] = [];
    if (share !== undefined) {
      const { weight, value = '', onCame, onLeft } = share;
      bits |= changeBits.share;
      given.push(String(weight));
      if (value !== '') {
        bits |= changeBits.value;
        given.push(withoutNul(value));
      }
      if (onCame !== undefined) {
        bits |= changeBits.onCame;
        given.push(withoutNul(onCame.log), onCame.text);
      }
      if (share.leavesLast === true) bits |= changeBits.leavesLast;
      if (onLeft !== undefined) {
        bits |= changeBits.onLeft;
        given.push(withoutNul(onLeft.log), onLeft.text);
      }
    }
    if (maxItems !== undefined) {
      bits |= changeBits.maxItems;
      given.push(String(maxItems));
    }
    if (maxWeight !== undefined) {
      bits |= changeBits.maxWeight;
      given.push(String(maxWeight));
    }
    parameters.push(String(bits));
    if (!isSameSet) parameters.push(withoutNul(topic), withoutNul(set));
    parameters.push(withoutNul(item), ...given);
  }
  return parameters;
}

/** Reads the results of the script `update`: three numbers for each change. */
export function shareResults(numbers: readonly number[]): ShareResult[] {
  const results: ShareResult[] = [];
  for (let index = 0; index < numbers.length; index += 3) {
    const code = numbers[index];
    const figures = { items: numbers[index + 1] ?? 0, weight: numbers[index + 2] ?? 0 };
    results.push({ isRefused: code === 1, isNew: code === 2, isGone: code === 4, figures });
  }
  return results;
}

function withoutNul(text: string): string {
  if (text.includes('\0')) throw new ValidationError('A text for the relay must hold no NUL.');
  return text;
}

/** Rows of the hash `items`, as `HGETALL` gives them, in the order of their places. */
export function itemsOf(rows: readonly string[]): SetItem[] {
  const items: (SetItem & { readonly place: number })[] = [];
  for (let index = 0; index < rows.length; index += 2) {
    const [, place, value = ''] = /^(\d+) \d+ \d+ (.*)$/s.exec(rows[index + 1] ?? '') ?? [];
    items.push({ item: rows[index] ?? '', value, place: Number(place) });
  }
  return items.sort((one, other) => one.place - other.place).map(({ item, value }) => ({ item, value }));
}

/** A row of the hash `sets`. */
export function figuresOf(row: string | null | undefined): { readonly items: number; readonly weight: number } {
  const [items, weight] = (row ?? '0 0').split(' ');
  return { items: Number(items), weight: Number(weight) };
}

/** A prefix as a pattern of Redis, in which nothing else stands for several texts. */
export function patternOf(prefix: string): string {
  return `${prefix.replace(/[\\*?[\]^-]/g, '\\$&')}*`;
}
