import { ValidationError } from '../core/errors.js';

/**
 * Turns `data` into JSON text.
 * @throws ValidationError naming the path of a value that JSON would lose or change
 */
export function jsonText(data: unknown): string {
  let text: string | undefined;
  try {
    checkValue(data, 'data', []);
    text = JSON.stringify(data);
  } catch (error) {
    if (error instanceof ValidationError) throw error;
    const isTooDeep = error instanceof RangeError;
    throw new ValidationError(
      isTooDeep ? '"data" is nested too deeply to be sent as JSON.' : '"data" could not be turned into JSON.',
      { cause: error },
    );
  }
  if (text === undefined) throw refused('data', 'is undefined after its toJSON()');
  return text;
}

function checkValue(value: unknown, path: string, ancestors: object[]): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw refused(path, `is ${value}, which JSON turns into null`);
      return;
    case 'object':
      if (value !== null) checkObject(value, path, ancestors);
      return;
    case 'undefined':
      throw refused(path, 'is undefined; use null for "nothing"');
    default:
      throw refused(
        path,
        typeof value === 'bigint' ? 'is a BigInt; use String(value)' : `is a ${typeof value}, which JSON cannot hold`,
      );
  }
}

function checkObject(value: object, path: string, ancestors: object[]): void {
  if (ancestors.includes(value)) throw refused(path, 'refers back to an object that holds it (a cycle)');
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw refused(path, 'is an invalid Date, which JSON turns into null');
  ancestors.push(value);
  if ('toJSON' in value && typeof value.toJSON === 'function') {
    const replacement: unknown = value.toJSON(path.slice(path.lastIndexOf('.') + 1));
    if (typeof replacement === 'object' && replacement !== null) checkParts(replacement, path, ancestors);
    else checkValue(replacement, path, ancestors);
  } else {
    checkParts(value, path, ancestors);
  }
  ancestors.pop();
}

/** Checks the parts of an object. JSON calls no second `toJSON` on what a `toJSON` returned, so neither does this. */
function checkParts(value: object, path: string, ancestors: object[]): void {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) checkValue(value[index], `${path}[${index}]`, ancestors);
  } else if (isKeptByJson(value)) {
    for (const [key, inner] of Object.entries(value)) {
      if (inner !== undefined) checkValue(inner, `${path}.${key}`, ancestors);
    }
  } else {
    throw refused(
      path,
      `is an instance of ${value.constructor?.name || 'an unknown class'}, whose contents JSON loses; convert it first`,
    );
  }
}

/** Classes whose contents JSON loses also when an instance was given keys of its own. */
const lostByJson = [Map, Set, WeakMap, WeakSet, Promise, RegExp, ArrayBuffer, SharedArrayBuffer, Error, EventTarget];
/** The same of the web, by name: to name these classes themselves would make Node load `fetch`. */
const lostOfTheWeb = [
  'Blob',
  'File',
  'FormData',
  'URLSearchParams',
  'Headers',
  'Request',
  'Response',
  'ReadableStream',
];
/** Objects for a value of their own, which JSON writes. */
const boxes = [Number, String, Boolean];

/**
 * Whether JSON writes the contents of an object. It writes own keys and nothing else. So an instance without any, such
 * as a Blob, an iterator or a web stream, would arrive as `{}`.
 */
function isKeptByJson(value: object): boolean {
  if (isPlain(value) || boxes.some((box) => value instanceof box)) return true;
  if (lostByJson.some((type) => value instanceof type) || ArrayBuffer.isView(value)) return false;
  if (lostOfTheWeb.includes(Object.prototype.toString.call(value).slice('[object '.length, -1))) return false;
  // A stream of Node has keys, and none of them is what flows through it.
  return Object.keys(value).length > 0 && !('pipe' in value && typeof value.pipe === 'function');
}

/** Whether an object is a plain one, also when it comes from another realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

function refused(path: string, why: string): ValidationError {
  return new ValidationError(`"${path}" ${why}.`);
}
