import { dsnAccount } from '../backends/built-in.js';
import type { Credential } from '../backends/contract/settings.js';
import { ConfigurationError } from '../core/errors.js';
import { isCompositeText, readCompositeText } from './dsn-composite.js';

/** Settings as a DSN writes them. Only the DSN's form has been checked. */
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
  closeTimeout?: number;
  defaultEvent?: string;
  options?: Record<string, unknown>;
}

/** Query parameters that are settings of the service. Every other one is an option of the backend. */
const serviceNumbers = ['timeout', 'retries', 'concurrency', 'closeTimeout'] as const;

const credentialNames = ['appId', 'pubKey', 'subKey', 'secretKey'] as const;

/** How deep composites may stand within each other. Nobody writes more by hand, and reading takes a stack. */
const MAX_DEPTH = 20;

const form =
  'a DSN has the form backend://PUBKEY:SECRET@APPID?option=value, such as websocket://key:secret@1001?port=6001, failover(A B) of two DSNs, or console:; within a key or secret, write / as %2F, ? as %3F, @ as %40 and : as %3A';

/**
 * Reads `PUSH_SERVER` as a string: `websocket://PUBKEY:SECRET@APPID?port=6001`, `pubnub://PUBKEY:SECRET@SUBKEY`,
 * `console:`, `failover(A B)`, `https://KEY:SECRET@api-eu.pusher.com/apps/APPID` as Pusher gives it, or
 * `./module.js#Export` for a backend of one's own. Parts may be percent-encoded; a + stands for itself.
 * @param what names the text in an error
 * @throws ConfigurationError when it cannot be read. The error never shows the text, which may hold a secret
 */
export function parseDsn(dsn: string, what = 'PUSH_SERVER'): DsnSettings {
  return read(dsn.trim(), what, 0);
}

/** Whether a value of `backend` is a DSN, and no name or module. The drive of a Windows path has one letter. */
export function isDsn(text: string): boolean {
  return isCompositeText(text) || /^\s*[a-z][a-z0-9+.-]+:/i.test(text) || /#[^#?]+\?/.test(text);
}

/** @param depth the number of composites around this text */
function read(text: string, what: string, depth: number): DsnSettings {
  refuseQuotes(text, what);
  if (isCompositeText(text)) return readComposite(text, what, depth);
  if (/^[^:?]*#[^#?]+(?:\?|$)/.test(text)) return readModule(text);
  if (/^https?:/i.test(text)) return pusherUrlSettings(text, what);
  return readOne(text, what);
}

/** @throws ConfigurationError for quotation marks around the text, which `docker --env-file` leaves there */
function refuseQuotes(text: string, what: string): void {
  if (!/^["']/.test(text)) return;
  throw new ConfigurationError(
    `${what} begins with a quotation mark. Files for "docker --env-file" take the value without quotes: a shell would remove them, Docker does not.`,
  );
}

/** Reads `./module.js#Export?key=value`. Credentials have no other place than the query. */
function readModule(text: string): DsnSettings {
  const [backend = '', ...query] = text.split('?');
  const settings: DsnSettings = { backend };
  addQuery(settings, query.join('?'), credentialNames);
  return settings;
}

function readComposite(text: string, what: string, depth: number): DsnSettings {
  if (depth >= MAX_DEPTH) {
    const [whole] = what.split(', backend ');
    throw new ConfigurationError(
      `${whole} has more than ${MAX_DEPTH} composites within each other: put the backends side by side.`,
    );
  }
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
  const backend = (parts['backend'] ?? '').toLowerCase();
  const settings: DsnSettings = { backend };
  const credentials = [
    [dsnAccount(backend), parts['account']],
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

/** @param texts the keys that are credentials, which are texts also where they look like numbers */
function addQuery(settings: DsnSettings, query: string, texts: readonly Credential[] = []): void {
  const options: Record<string, unknown> = {};
  // A + would be read as a space, and keys in base64 have it.
  for (const [key, text] of new URLSearchParams(query.replaceAll('+', '%2B'))) {
    const service = serviceNumbers.find((name) => name === key);
    const credential = texts.find((name) => name === key);
    if (credential !== undefined) settings[credential] = text;
    else if (service !== undefined) settings[service] = readValue(text) as number;
    else if (key === 'defaultEvent') settings.defaultEvent = text;
    else if (key === 'useSsl') settings.useSsl = readValue(text) as boolean;
    else setOption(options, key, readValue(text));
  }
  if (Object.keys(options).length > 0) settings.options = options;
}

/** Sets an option. A key that is given several times becomes a list. */
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
 * Reads a query parameter as a boolean, a number, or else a text. A text is also whatever stands in double quotes, and
 * a number that would be written differently, such as 007 or 1.10.
 */
function readValue(text: string): unknown {
  const quoted = /^"(.*)"$/s.exec(text)?.[1];
  if (quoted !== undefined) return quoted;
  if (text === 'true') return true;
  if (text === 'false') return false;
  const number = Number(text);
  return Number.isFinite(number) && String(number) === text ? number : text;
}

/**
 * Decodes one part of a DSN.
 * @param key names the part in an error
 * @param what names the DSN in an error
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
  /^(?<scheme>https?):\/\/(?<pubKey>[^:@/?#]+):(?<secretKey>[^:@/?#]+)@(?<host>\[[^\]@/?#]+\]|[^:@/?#]+)(?::(?<port>\d{1,5}))?(?<path>(?:\/[^:@/?#]+)*?)\/apps\/(?<appId>[^/?#]+)\/?$/i;

/**
 * Reads the address that Pusher, and Heroku in `PUSHER_URL`, give an application:
 * `https://KEY:SECRET@api-eu.pusher.com/apps/APPID`.
 * @param what names the text in an error
 * @throws ConfigurationError that never shows the text
 */
export function pusherUrlSettings(url: string, what: string): DsnSettings {
  refuseQuotes(url, what);
  const parts = pusherUrlForm.exec(url)?.groups;
  if (parts === undefined) {
    throw new ConfigurationError(
      `${what} could not be read: Pusher's address of an application has the form https://KEY:SECRET@api-CLUSTER.pusher.com/apps/APPID, without a query; within it, write / as %2F, ? as %3F, @ as %40, : as %3A and # as %23.`,
    );
  }
  const { scheme = '', host = '', port, path = '' } = parts;
  const settings: DsnSettings = { backend: 'pusher', useSsl: scheme.toLowerCase() === 'https' };
  for (const key of ['appId', 'pubKey', 'secretKey'] as const) settings[key] = decoded(parts[key] ?? '', key, what);
  const options = {
    ...placeOf(host.toLowerCase()),
    ...(port !== undefined && { port: Number(port) }),
    ...(path !== '' && { path }),
  };
  if (Object.keys(options).length > 0) settings.options = options;
  return settings;
}

/**
 * The options for a host of Pusher's API. A page connects to a cluster, so a host that belongs to one becomes its name.
 */
function placeOf(host: string): { cluster?: string; host?: string } {
  const cluster = host === 'api.pusherapp.com' ? 'mt1' : /^api-([a-z0-9-]+)\.pusher\.com$/.exec(host)?.[1];
  return cluster === undefined ? { host } : { cluster };
}
