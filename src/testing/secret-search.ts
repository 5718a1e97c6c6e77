import { inspect } from 'node:util';
import { REDACTED, secretsOf } from '../core/redaction.js';
import type { Trial } from './trial.js';

/** Shortest secret that is searched for. A shorter text may be anywhere by chance. */
const MIN_LENGTH = 8;

/** Finds the views of a value in which a secret of the trial shows. It does not return the secret itself. */
export function placesOf({ subject, backend }: Trial, value: unknown): readonly string[] {
  const { secrets = [...secretsOf(subject.settings), ...ownSecret(backend)] } = subject;
  const wanted = secrets.flatMap(formsOf).filter((secret) => secret.length >= MIN_LENGTH);
  return Object.entries(viewsOf(value)).flatMap(([view, text]) => {
    const shown = text.replaceAll(REDACTED, '');
    return wanted.some((secret) => shown.includes(secret)) ? [view] : [];
  });
}

function ownSecret(backend: { readonly secretKey: string }): readonly string[] {
  try {
    return [backend.secretKey];
  } catch {
    return [];
  }
}

function formsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret).toString('base64');
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), base64];
}

/** The ways in which people see a value. */
function viewsOf(value: unknown): Readonly<Record<string, string>> {
  return {
    'console.log': inspect(value),
    inspect: inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    JSON: json(value),
    ...(value instanceof Error && {
      message: value.message,
      stack: value.stack ?? '',
      cause: inspect(value.cause, { depth: 20, showHidden: true }),
      'own properties': json(
        Object.fromEntries(Object.getOwnPropertyNames(value).map((key) => [key, Reflect.get(value, key)])),
      ),
    }),
  };
}

function json(value: unknown): string {
  const seen = new Set<unknown>();
  const text = JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    if (typeof inner !== 'object' || inner === null) return inner;
    if (seen.has(inner)) return undefined;
    seen.add(inner);
    return inner;
  });
  return text ?? '';
}
