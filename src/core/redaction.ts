import { PushError } from './errors.js';

// Keeps secrets out of errors, logs and everything else that is shown. A setting is secret when its key says so, such
// as `secretKey`, `authToken`, `password`, `apiKey` or `encryptionMasterKeyBase64`. The password in an address is
// secret too.

/** The names of secret settings. */
const secretName =
  /secret|token|passw|passphrase|private|credential|authorization|masterkey|restkey|api[-_]?key|cipherkey|authkey/i;
/** The password in `redis://user:password@host`. It ends at the last `@`, as in a URL. */
const loginInAddress = /^([a-z][a-z0-9+.-]*:\/\/)(?<user>[^/?#:@]*):(?<password>[^/?#]+)@/i;
/** Length from which a secret is also found within a longer text. A shorter one may be there by chance. */
const MIN_EMBEDDED_LENGTH = 6;
/**
 * Most parts of an object that are searched, because more would take too long. A larger object counts as showing a
 * secret.
 */
const MAX_PARTS = 100_000;

/** The text in place of a secret. */
export const REDACTED = '[secret]';

/** Removes the secrets that it knows from a text. A backend is one. */
export interface Redactor {
  redact(text: string): string;
}

/** Whether a settings key holds a secret. */
export function isSecretName(key: string): boolean {
  return secretName.test(key);
}

/**
 * Finds the secrets in a settings object, at any depth and in each form that they take in texts. The longest come
 * first.
 */
export function secretsOf(settings: object): ReadonlySet<string> {
  const secrets = new Set<string>();
  for (const [key, value] of entriesOf(settings, new Set())) {
    if (typeof value === 'string') addLogin(value, secrets);
    if (!isSecretName(key)) continue;
    // A list holds several secrets while one replaces another.
    for (const secret of [value].flat())
      if (typeof secret === 'string' || typeof secret === 'number') addForms(String(secret), secrets);
  }
  return new Set([...secrets].sort((a, b) => b.length - a.length));
}

/** Copies an object without its secrets. An instance of a class becomes its class name. */
export function redacted(value: object): object {
  return copy(value, secretsOf(value), new Set()) as object;
}

/** Replaces each secret in a text. @param secrets the longest first */
export function withoutSecrets(text: string, secrets: ReadonlySet<string>): string {
  let result = text;
  for (const secret of secrets) {
    if (result === secret) return REDACTED;
    if (secret.length >= MIN_EMBEDDED_LENGTH) result = result.replaceAll(secret, REDACTED);
  }
  return result;
}

/** Whether a secret shows in a text or anywhere in an object. */
export function showsSecret(value: unknown, redactor: Redactor): boolean {
  const seen = new Set<unknown>();
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (seen.has(next)) continue;
    if (typeof next === 'string' && redactor.redact(next) !== next) return true;
    seen.add(next);
    if (seen.size > MAX_PARTS) return true;
    for (const part of partsOf(next)) open.push(part);
  }
  return false;
}

/** The message of a thrown value, without secrets. */
export function textOf(error: unknown, redactor: Redactor): string {
  if (typeof error === 'string') return redactor.redact(error);
  if (typeof error !== 'object' || error === null) return `it threw ${String(error)}`;
  return 'message' in error && typeof error.message === 'string'
    ? redactor.redact(error.message)
    : 'it threw an object without a message';
}

/**
 * Returns the error itself. If a secret shows anywhere in it, returns a new error with its name, message and stack,
 * without secrets.
 */
export function causeOf(error: unknown, redactor: Redactor): unknown {
  if (!showsSecret(error, redactor)) return error;
  const original = error instanceof Error ? error : undefined;
  const copy = new Error(textOf(error, redactor));
  copy.name = redactor.redact(original?.name ?? 'Error');
  copy.stack = redactor.redact(original?.stack ?? '');
  return copy;
}

/** Replaces the secrets in a PushError, which keeps its class and its fields. */
export function cleaned<Failure extends PushError>(error: Failure, redactor: Redactor): Failure {
  if (!showsSecret(error, redactor)) return error;
  const stack = redactor.redact(error.stack ?? '');
  for (const key of Reflect.ownKeys(error)) {
    const value: unknown = Reflect.get(error, key);
    if (key === 'cause') error.cause = causeOf(value, redactor);
    else if (PushError.isPushError(value)) cleaned(value, redactor);
    else if (showsSecret(value, redactor))
      Reflect.set(error, key, typeof value === 'string' ? redactor.redact(value) : REDACTED);
  }
  error.stack = stack;
  return error;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Array.isArray(value);
}

function* entriesOf(value: object, seen: Set<object>): Generator<readonly [key: string, value: unknown]> {
  if (seen.has(value) || !isPlain(value)) return;
  seen.add(value);
  for (const [key, inner] of Object.entries(value)) {
    yield [key, inner];
    if (typeof inner === 'object' && inner !== null) yield* entriesOf(inner, seen);
  }
}

/** Adds the password in an address, also as it is decoded, and as a header has it together with the user name. */
function addLogin(address: string, secrets: Set<string>): void {
  const { user = '', password } = loginInAddress.exec(address)?.groups ?? {};
  if (password === undefined) return;
  addForms(password, secrets);
  try {
    const decoded = decodeURIComponent(password);
    addForms(decoded, secrets);
    secrets.add(Buffer.from(`${decodeURIComponent(user)}:${decoded}`).toString('base64'));
  } catch {
    // Broken percent-encoding: the user of the address refuses it.
  }
}

/** Adds a secret as it is, and as it looks in JSON and in an address. */
function addForms(secret: string, secrets: Set<string>): void {
  if (secret === '') return;
  secrets.add(secret);
  secrets.add(JSON.stringify(secret).slice(1, -1));
  if (secret.isWellFormed()) secrets.add(encodeURIComponent(secret));
}

function copy(value: unknown, secrets: ReadonlySet<string>, ancestors: Set<object>): unknown {
  if (typeof value === 'string') return withoutSecrets(value.replace(loginInAddress, `$1$2:${REDACTED}@`), secrets);
  if (typeof value === 'function') return `[class ${value.name || 'anonymous'}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (ancestors.has(value)) return '[circular]';
  if (!isPlain(value)) return `[${value.constructor?.name ?? 'object'}]`;
  ancestors.add(value);
  const result = Array.isArray(value)
    ? value.map((item) => copy(item, secrets, ancestors))
    : Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
          key,
          isSecretName(key) && inner !== undefined ? REDACTED : copy(inner, secrets, ancestors),
        ]),
      );
  ancestors.delete(value);
  return result;
}

/** The parts of a value that `console.log` shows. */
function partsOf(value: unknown): unknown[] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || ArrayBuffer.isView(value))
    return [];
  const parts: unknown[] = value instanceof Error ? [value.stack] : [];
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property !== undefined && 'value' in property) parts.push(key, property.value);
  }
  return value instanceof Map || value instanceof Set || value instanceof Headers ? parts.concat(...value) : parts;
}
