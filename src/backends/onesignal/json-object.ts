/** Levels of objects within each other: more would be more than reading and writing JSON has room for. */
const MAX_DEPTH = 100;

/** Whether a value is an object that JSON holds without loss: a cycle would go as text, and a function not at all. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && isJson(value, new Set());
}

function isJson(value: unknown, ancestors: ReadonlySet<object>): boolean {
  if (typeof value !== 'object' || value === null) {
    return value === null || ['string', 'boolean', 'undefined'].includes(typeof value) || Number.isFinite(value);
  }
  if (ancestors.size > MAX_DEPTH || ancestors.has(value) || !(Array.isArray(value) || isPlainObject(value)))
    return false;
  const path = new Set([...ancestors, value]);
  return Object.values(value).every((inner) => isJson(inner, path));
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
