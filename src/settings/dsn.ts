import { ConfigurationError } from '../errors.js';

/** Settings as a DSN names them: nothing is checked yet but the form. */
export interface DsnSettings {
  backend: string;
  appId?: string;
  pubKey?: string;
  secretKey?: string;
  useSsl?: boolean;
  timeout?: number;
  retries?: number;
  concurrency?: number;
  options?: Record<string, unknown>;
}

/** Query parameters that are the service's own; every other one is an option of the backend. */
const serviceNumbers = ['timeout', 'retries', 'concurrency'] as const;

const form =
  'a DSN has the form backend://PUBKEY:SECRET@APPID?option=value, such as websocket://key:secret@app?port=6001 or console:';

/**
 * Reads `PUSH_SERVER` as a string: `websocket://PUBKEY:SECRET@APPID?port=6001`, `console:`, or `./module.js#Export`
 * for a backend of one's own. Parts may be percent-encoded.
 * @throws ConfigurationError that never shows the text, for it may hold a secret
 */
export function parseDsn(dsn: string): DsnSettings {
  if (/^[^:]*#[^#]+$/.test(dsn)) return { backend: dsn };
  const match =
    /^(?<backend>[a-z][a-z0-9+.-]*):(?:\/\/(?:(?<pubKey>[^:@/?]*)(?::(?<secretKey>[^@/?]*))?@)?(?<appId>[^@/?]*))?\/?(?:\?(?<query>.*))?$/is.exec(
      dsn.trim(),
    );
  const parts = match?.groups;
  if (parts === undefined) throw new ConfigurationError(`PUSH_SERVER could not be read: ${form}.`);
  const settings: DsnSettings = { backend: (parts['backend'] ?? '').toLowerCase() };
  for (const key of ['appId', 'pubKey', 'secretKey'] as const) {
    const text = decoded(parts[key] ?? '', key);
    if (text !== '') settings[key] = text;
  }
  const options: Record<string, unknown> = {};
  for (const [key, text] of new URLSearchParams(parts['query'] ?? '')) {
    const service = serviceNumbers.find((name) => name === key);
    if (service !== undefined) settings[service] = Number(text);
    else if (key === 'useSsl') settings.useSsl = readValue(text) as boolean;
    else setOption(options, key, readValue(text));
  }
  if (Object.keys(options).length > 0) settings.options = options;
  return settings;
}

function decoded(text: string, key: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigurationError(`PUSH_SERVER: the percent-encoding of "${key}" is broken; write a % as %25.`);
  }
}

/** A key that is given several times becomes a list. */
function setOption(options: Record<string, unknown>, key: string, value: unknown): void {
  const before = Object.hasOwn(options, key) ? options[key] : undefined;
  const next = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  Object.defineProperty(options, key, { value: next, enumerable: true, configurable: true, writable: true });
}

/** Numbers and booleans are written as such; anything else is text, also a number that would read differently, such as 007 or 1.10. */
function readValue(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}
