import { ConfigurationError } from '../core/errors.js';
import { compositeText, readCompositeText } from './dsn-composite.js';

/** Query parameters that are the service's own; every other one is an option of the backend. */
const serviceNumbers = ['timeout', 'retries', 'concurrency'] as const;

/** Composites within each other: what nobody writes by hand would take a stack and a time without bound. */
const MAX_DEPTH = 20;

const form =
  'a DSN has the form backend://PUBKEY:SECRET@APPID?option=value, such as websocket://key:secret@app?port=6001, failover(A B) of two DSNs, or console:; within a key or secret, write / as %2F, ? as %3F, @ as %40 and : as %3A';

/**
 * Reads `PUSH_SERVER` as a string: `websocket://PUBKEY:SECRET@APPID?port=6001`, `pubnub://PUBKEY:SECRET@SUBKEY`, `console:`,
 * `failover(A B)`, `https://KEY:SECRET@api-eu.pusher.com/apps/APPID` as Pusher gives it, or `./module.js#Export` for a backend of
 * one's own. Parts may be percent-encoded; a + stands for itself.
 * @param what names the text in an error
 * @throws ConfigurationError that never shows the text, for it may hold a secret
 */
export function parseDsn(dsn: string, what = 'PUSH_SERVER'): DsnSettings {
  return read(dsn.trim(), what, 0);
}

/** @param depth how many composites it is within */
function read(text: string, what: string, depth: number): DsnSettings {
  if (compositeText.test(text)) return readComposite(text, what, depth);
  if (/^[^:]*#[^#]+$/.test(text)) return { backend: text };
  if (/^https?:/i.test(text)) return pusherUrlSettings(text, what);
  return readOne(text, what);
}

function readComposite(text: string, what: string, depth: number): DsnSettings {
  if (depth >= MAX_DEPTH)
    throw new ConfigurationError(
      `PUSH_SERVER has more than ${MAX_DEPTH} composites within each other: put the backends side by side.`,
    );
  const parts = readCompositeText(text);
  if (parts === undefined) {
    throw new ConfigurationError(
      `${what} could not be read: a composite has the form failover(A B)?option=value, of two or more DSNs with white space and no commas between them; within these, write ( as %28, ) as %29 and a space as %20.`,
    );
  }
  const settings: DsnSettings = { backend: parts.kind };
  addQuery(settings, parts.query);
  const backends = parts.children.map((child, index) =>
    read(child, `${what}, backend ${index + 1} of ${parts.kind}`, depth + 1),
  );
  settings.options = { ...settings.options, backends };
  return settings;
}

function readOne(text: string, what: string): DsnSettings {
  const match =
    /^(?<backend>[a-z][a-z0-9+.-]*):(?:\/\/(?:(?<pubKey>[^:@/?]*)(?::(?<secretKey>[^@/?]*))?@)?(?<account>[^:@/?]*))?\/?(?:\?(?<query>.*))?$/is.exec(
      text,
    );
  const parts = match?.groups;
  if (parts === undefined) throw new ConfigurationError(`${what} could not be read: ${form}.`);
  const settings: DsnSettings = { backend: (parts['backend'] ?? '').toLowerCase() };
  // PubNub knows an application by its subscribe key.
  const account = settings.backend === 'pubnub' ? 'subKey' : 'appId';
  const credentials = [
    [account, parts['account']],
    ['pubKey', parts['pubKey']],
    ['secretKey', parts['secretKey']],
  ] as const;
  for (const [key, encoded = ''] of credentials) {
    const value = decoded(encoded, key, what);
    if (value !== '') settings[key] = value;
  }
  addQuery(settings, parts['query'] ?? '');
  return settings;
}

function addQuery(settings: DsnSettings, query: string): void {
  const options: Record<string, unknown> = {};
  // Not a form, where + is a space: keys in base64 have it.
  for (const [key, text] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    const service = serviceNumbers.find((name) => name === key);
    if (service !== undefined) settings[service] = readValue(text) as number;
    else if (key === 'useSsl') settings.useSsl = readValue(text) as boolean;
    else setOption(options, key, readValue(text));
  }
  if (Object.keys(options).length > 0) settings.options = options;
}

/** A key that is given several times becomes a list. */
function setOption(options: Record<string, unknown>, key: string, value: unknown): void {
  const before = Object.hasOwn(options, key) ? options[key] : undefined;
  if (Array.isArray(before)) {
    before.push(value);
    return;
  }
  const next = before === undefined ? value : [before, value];
  Object.defineProperty(options, key, { value: next, enumerable: true, configurable: true, writable: true });
}

/**
 * Numbers and booleans are written as such; anything else is text, also a number that would read differently, such as 007 or 1.10,
 * and what is in double quotes.
 */
function readValue(text: string): unknown {
  const quoted = /^"(.*)"$/s.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  if (text === 'true') return true;
  if (text === 'false') return false;
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}

/** Settings as a DSN names them: nothing is checked yet but the form. */
export interface DsnSettings {
  backend: string;
  appId?: string;
  pubKey?: string;
  subKey?: string;
  secretKey?: string;
  useSsl?: boolean;
  timeout?: number;
  retries?: number;
  concurrency?: number;
  options?: Record<string, unknown>;
}

/**
 * @param key what the text is, for the error
 * @param what names the text that it is part of, for the error
 * @throws ConfigurationError that does not show the text
 */
function decoded(text: string, key: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConfigurationError(`${what}: the percent-encoding of "${key}" is broken; write a % as %25.`);
  }
}

const pusherUrlForm =
  /^(?<scheme>https?):\/\/(?<pubKey>[^:@/?#]+):(?<secretKey>[^:@/?#]+)@(?<host>\[[^\]@/?#]+\]|[^:@/?#]+)(?::(?<port>\d{1,5}))?\/apps\/(?<appId>[^/?#]+)\/?$/i;

/**
 * Reads the address that Pusher, and Heroku in `PUSHER_URL`, give an application:
 * `https://KEY:SECRET@api-eu.pusher.com/apps/APPID`.
 * @param what names the text in an error
 * @throws ConfigurationError that never shows the text
 */
export function pusherUrlSettings(url: string, what: string): DsnSettings {
  const parts = pusherUrlForm.exec(url)?.groups;
  if (parts === undefined) {
    throw new ConfigurationError(
      `${what} could not be read: Pusher's address of an application has the form https://KEY:SECRET@api-CLUSTER.pusher.com/apps/APPID, without a query; within it, write / as %2F, ? as %3F, @ as %40, : as %3A and # as %23.`,
    );
  }
  const { scheme = '', host = '', port } = parts;
  const settings: DsnSettings = { backend: 'pusher', useSsl: scheme.toLowerCase() === 'https' };
  for (const key of ['appId', 'pubKey', 'secretKey'] as const) settings[key] = decoded(parts[key] ?? '', key, what);
  const options = { ...placeOf(host.toLowerCase()), ...(port !== undefined && { port: Number(port) }) };
  if (Object.keys(options).length > 0) settings.options = options;
  return settings;
}

/** Pages need the cluster, which a host alone does not tell them. */
function placeOf(host: string): { cluster?: string; host?: string } {
  const cluster = host === 'api.pusherapp.com' ? 'mt1' : /^api-([a-z0-9-]+)\.pusher\.com$/.exec(host)?.[1];
  return cluster === undefined ? { host } : { cluster };
}
