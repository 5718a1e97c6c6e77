import { ValidationError } from '../core/errors.js';

const CYCLE = 'refers back to an object that holds it (a cycle)';

/**
 * Returns what is to be sent for a value within `data`: the value itself, or what stands for it. Called for `data` as a
 * whole, with the key `''`, and then for each value within what it returned, before its `toJSON` is. A place in a list
 * is its key. Nothing of what it returns may be lost by JSON.
 */
export type EncodeValue = (value: unknown, key: string) => unknown;

/**
 * Puts what the setting `encode` returns in the place of each value.
 * @throws ValidationError naming the path of a value that it throws for
 */
export function encodedData(data: unknown, encode: EncodeValue): unknown {
  try {
    return encodedValue(data, '', 'data', [], encode);
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep(error);
    throw error;
  }
}

function encodedValue(given: unknown, key: string, path: string, holders: object[], encode: EncodeValue): unknown {
  let value: unknown;
  try {
    value = encode(given, key);
  } catch (cause) {
    if (cause instanceof ValidationError) throw cause;
    throw new ValidationError(`The setting "encode" failed at "${path}".`, { cause });
  }
  if (typeof value !== 'object' || value === null) return value;
  if (holders.includes(value)) throw refused(path, CYCLE);
  // JSON asks these itself, and a raw text in JSON has no values.
  if ('toJSON' in value || isRawJson(value)) return value;
  const within = (inner: unknown, name: string, at: string): unknown =>
    encodedValue(inner, name, path + at, [...holders, value], encode);
  if (Array.isArray(value)) return value.map((inner, index) => within(inner, String(index), `[${index}]`));
  if (!isKeptByJson(value) || boxes.some((box) => value instanceof box)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, within(inner, name, `.${name}`)]));
}

/** Whether an object is of `JSON.rawJSON`, which the types of the language do not know yet. */
function isRawJson(value: object): boolean {
  return Object.isFrozen(value) && (Reflect.get(JSON, 'isRawJSON') as (value: object) => boolean)(value);
}

function tooDeep(cause: unknown): ValidationError {
  return new ValidationError('"data" is nested too deeply to be sent as JSON.', { cause });
}

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
    if (error instanceof RangeError) throw tooDeep(error);
    throw new ValidationError('"data" could not be turned into JSON.', { cause: error });
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
  if (ancestors.includes(value)) throw refused(path, CYCLE);
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
