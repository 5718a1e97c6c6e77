import { inspect } from 'node:util';
import type { ProviderRequest } from '../../providers/provider-server.js';

/** A secret as it is, and in the forms that it takes in texts. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}

/** What a request carries that nobody else must see: its signature, and its authorisation header. */
export function secretsIn({ query, headers }: ProviderRequest): readonly string[] {
  const { authorization = '' } = headers;
  const signatures = ['auth_signature', 'signature', 'auth'].flatMap((name) => query.getAll(name));
  return [...signatures, ...authorization.split(' ').slice(1)].filter((text) => text.length > 8);
}

/** Where in a value one of the secrets shows, as paths. Looks at whatever can be reached, printed or turned into JSON. */
export function placesOf(value: unknown, secrets: Iterable<string>): readonly string[] {
  const wanted = [...new Set([...secrets].flatMap(formsOf))];
  const shows = (text: string): boolean => wanted.some((secret) => text.includes(secret));
  const places: string[] = [];
  for (const [path, text] of textsIn(value)) if (shows(text)) places.push(path);
  const printed = inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null });
  if (shows(printed)) places.push('inspect');
  if (shows(jsonOf(value))) places.push('JSON');
  return places;
}

/** What JSON makes of it; nothing for what it cannot hold, which the other views show. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** Every text that is reachable by properties, whatever hides them. */
function* textsIn(root: unknown): Generator<readonly [path: string, text: string]> {
  const seen = new Set<unknown>();
  const open: [path: string, value: unknown][] = [['', root]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [path, value] = next;
    if (typeof value === 'string') yield [path, value];
    if (!isObject(value) || seen.has(value)) continue;
    seen.add(value);
    if (ArrayBuffer.isView(value)) {
      yield [path, Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString()];
      continue;
    }
    for (const key of Reflect.ownKeys(value)) {
      const name = `${path}.${String(key)}`;
      yield [`${name} (key)`, String(key)];
      open.push([name, propertyOf(value, key)]);
    }
    if (isIterable(value)) open.push([`${path}[…]`, [...value]]);
  }
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

function isIterable(value: object): value is Iterable<unknown> {
  return value instanceof Map || value instanceof Set || value instanceof Headers;
}

function propertyOf(owner: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(owner, key);
  } catch {
    return undefined;
  }
}
