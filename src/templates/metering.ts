import type { FilterHandler, LiquidContext, LiquidEmitter, LiquidFilter, RenderParts } from './liquid-types.js';

// What LiquidJS leaves unbounded: the length of what is rendered, and lists within lists, which a text may double with
// each turn of a loop, until writing them out takes for ever.

/** What a text must not do, in the words of an error. */
export class TextFault extends Error {}

type ToValue = (value: unknown) => unknown;

/** Makes rendering count what it writes, also into a variable, as part of what it makes. */
export function metersOutput(render: RenderParts, toValue: ToValue): RenderParts {
  return (parts, context, emitter = new CountingEmitter(context, toValue)) => render(parts, context, emitter);
}

class CountingEmitter implements LiquidEmitter {
  buffer = '';
  readonly #context: LiquidContext;
  readonly #toValue: ToValue;

  constructor(context: LiquidContext, toValue: ToValue) {
    this.#context = context;
    this.#toValue = toValue;
  }

  write(value: unknown): void {
    const text = textOf(value, this.#toValue);
    this.#context.memoryLimit.use(text.length);
    this.buffer += text;
  }
}

/** Makes a filter look at the clock, and at the size of what it returns. @param most values in lists within lists */
export function meteredFilter(filter: LiquidFilter, most: number): LiquidFilter {
  const { handler, raw } = typeof filter === 'function' ? { handler: filter, raw: false } : filter;
  const metered: FilterHandler = function* (value, ...args) {
    this.context.renderLimit.check(performance.now());
    const result: unknown = yield Reflect.apply(handler, this, [value, ...args]);
    if (Array.isArray(result)) countIn(result, 0, most);
    return result;
  };
  return raw === true ? { raw, handler: metered } : metered;
}

/** Counts the values in a list, and in the lists within it. @throws TextFault when there are too many */
function countIn(list: readonly unknown[], before: number, most: number): number {
  let count = before + list.length;
  if (count > most) throw new TextFault(`makes lists within lists of more than ${most} values`);
  for (const item of list) if (Array.isArray(item)) count = countIn(item, count, most);
  return count;
}

/** Counts what a value is made of: its texts, and the values within it. A value within itself has no end. */
export function meterValue(value: unknown, { memoryLimit }: Pick<LiquidContext, 'memoryLimit'>): void {
  const open = [value];
  while (open.length > 0) {
    const each = open.pop();
    memoryLimit.use(typeof each === 'string' ? each.length : 1);
    if (typeof each !== 'object' || each === null) continue;
    for (const [key, inner] of Object.entries(each)) {
      if (!Array.isArray(each)) memoryLimit.use(key.length);
      open.push(inner);
    }
  }
}

/** A value as text, as LiquidJS writes it. @throws TextFault for an object that has no text */
export function textOf(value: unknown, toValue: ToValue): string {
  const plain = toValue(value);
  if (typeof plain === 'string') return plain;
  if (plain === undefined || plain === null) return '';
  if (Array.isArray(plain)) return plain.map((item) => textOf(item, toValue)).join('');
  if (typeof plain === 'object' && !hasText(plain))
    throw new TextFault(
      'then' in plain
        ? 'outputs a promise: await it before it goes into the context'
        : 'outputs an object: name one of its keys, or write | json',
    );
  return String(plain);
}

function hasText(value: object): boolean {
  return typeof value.toString === 'function' && value.toString !== Object.prototype.toString;
}
