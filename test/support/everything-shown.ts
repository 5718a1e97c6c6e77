import { inspect } from 'node:util';

/** All that anyone gets to see of a value: printed with everything hidden, as JSON, as text, and the stack of an error. */
export function everythingShown(value: unknown): string {
  const parts = [inspect(value, { depth: 20, maxArrayLength: null, maxStringLength: null }), String(value)];
  const json = JSON.stringify(value, jsonOfErrors());
  if (json !== undefined) parts.push(json);
  if (value instanceof Error) parts.push(value.message, value.stack ?? '', inspect(value.cause, { depth: 20 }));
  return parts.join('\n');
}

/** As log libraries do it: an error's own properties, hidden ones too. */
function jsonOfErrors(): (key: string, value: unknown) => unknown {
  const seen = new Set<unknown>();
  return (_key, value) => {
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    if (seen.has(value)) return undefined;
    seen.add(value);
    if (!(value instanceof Error)) return value;
    return Object.fromEntries(Object.getOwnPropertyNames(value).map((name) => [name, Reflect.get(value, name)]));
  };
}
