import type { ClientConfig } from '../wire/client-config.js';
import { driverFor } from '../wire/driver-names.js';

/** The options that say where pages find the push routes. */
interface AddressOptions {
  readonly publicUrl?: string | undefined;
  readonly trustProxy?: boolean | undefined;
}

/** Where a page finds the application. */
export interface PublicAddress {
  /** The scheme, host and port. */
  readonly origin: URL;
  /** What the page puts before `auth`: a path, or a URL where the page is of another origin. It ends with a slash. */
  readonly base: string;
}

/**
 * The address of the push routes for the page that asks.
 * @param originalUrl the full path of the request, where the framework shortens it
 * @param isForeign whether the page is of another origin
 */
export function publicAddress(
  request: Request,
  originalUrl: string | undefined,
  { publicUrl, trustProxy = false }: AddressOptions,
  isForeign: boolean,
): PublicAddress {
  const { headers, url } = request;
  const own = publicUrl ?? prefixIn(headers, trustProxy) + basePath(originalUrl ?? new URL(url).pathname);
  const base = own.endsWith('/') ? own : `${own}/`;
  const origin = new URL(base, originOf(request, trustProxy));
  return { origin, base: isForeign ? origin.href : base };
}

/**
 * The host, port and scheme of an embedded server that listens where the application does. A page of another origin
 * cannot tell them from its own address.
 */
export function hostFor(config: ClientConfig, { protocol, hostname, port }: URL): Partial<ClientConfig> {
  const { backend, host, cluster } = config;
  if (driverFor(backend) !== 'pusher' || host !== undefined || cluster !== undefined) return {};
  const useTLS = config.useTLS ?? protocol === 'https:';
  return { host: hostname, port: config.port ?? (Number(port) || (useTLS ? 443 : 80)), useTLS };
}

/** Whether a value can be the option `publicUrl`. */
export function isPublicUrl(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (value.startsWith('/')) return isPlainPath(value);
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const { username, password, pathname } = new URL(value);
  return `${username}${password}` === '' && !/[?#\\]/.test(value) && isPlainPath(pathname);
}

/**
 * Whether a text is a path of the own origin: a browser takes `//host` for another host, and so it does with
 * backslashes.
 */
function isPlainPath(text: string): boolean {
  return /^\/[\w\-.~!$&'()*+,;=:@%/]*$/.test(text) && !text.includes('//');
}

/**
 * The path below which the routes are, with one slash at a time. A browser takes `//host` for another host, and so it
 * does with backslashes, and with a tab or a line break between the two.
 * @param address the address that the client asked for. A proxy may write the whole URL
 */
function basePath(address: string): string {
  const [path = ''] = address.replace(/^https?:\/\/[^/]*/i, '').split('?', 1);
  const own = `/${path}`.replace(/[/\\\t\n\r]+/g, '/');
  const end = own.endsWith('/config/') ? own.length - 1 : own.length;
  return own.slice(0, own.lastIndexOf('/', end - 1) + 1);
}

/** What a proxy took off the path. One that is no path is left out. */
function prefixIn(headers: Headers, trustProxy: boolean): string {
  const [prefix = ''] = trustProxy ? (headers.get('x-forwarded-prefix') ?? '').split(',', 1) : [];
  const own = prefix.trim();
  return isPlainPath(own) ? own.replace(/\/$/, '') : '';
}

/** The origin that the client asked, as far as the proxy can be trusted to tell it. */
function originOf({ headers, url }: Request, trustProxy: boolean): URL {
  const { protocol, host } = new URL(url);
  const first = (name: string): string | undefined => headers.get(name)?.split(',', 1)[0]?.trim();
  const forwarded = trustProxy ? `${first('x-forwarded-proto') ?? protocol.slice(0, -1)}://` : `${protocol}//`;
  const name = (trustProxy ? first('x-forwarded-host') : undefined) ?? headers.get('host') ?? host;
  const address = `${forwarded}${name}`;
  return new URL(/^https?:\/\/[\w.:[\]-]+$/.test(address) && URL.canParse(address) ? address : url);
}
