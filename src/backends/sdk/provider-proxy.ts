import { isIPv4 } from 'node:net';
import * as z from 'zod/mini';
import { ConfigurationError } from '../../core/errors.js';

/** The proxy between this process and a provider. */
export interface ProviderProxy {
  /** Its address, with user name and password. */
  readonly url: string;
  /** Scheme, host and port: all that an error shows. */
  readonly origin: string;
  /** Where it was set, for errors. */
  readonly setBy: 'the option "proxy"' | 'HTTPS_PROXY or HTTP_PROXY';
}

/** The schema of the option `proxy`. */
export function proxyOption(): z.ZodMiniOptional<z.ZodMiniType<string>> {
  const rule = 'must be an address such as "http://user:password@10.0.0.1:3128", with % and @ written as %25 and %40';
  return z.optional(z.custom<string>(isProxyUrl, rule));
}

function isProxyUrl(value: unknown): value is string {
  // A URL may leave out slashes, and have blanks before them. Such a one would be shown with its password.
  if (typeof value !== 'string' || !/^https?:\/\/[^/\\]/i.test(value) || !URL.canParse(value)) return false;
  const { username, password, pathname, search, hash } = new URL(value);
  try {
    decodeURIComponent(username + password);
  } catch {
    return false;
  }
  return pathname === '/' && search === '' && hash === '';
}

/**
 * Finds the proxy on the way to a provider: that of the option, or else that of the environment, where Node is told to
 * use it.
 * @param origin scheme, host and port of the provider
 */
export function proxyTo(origin: string, option: string | undefined): ProviderProxy | undefined {
  const url = option ?? proxyInEnvironment(new URL(origin));
  if (url === undefined) return undefined;
  const setBy = option === undefined ? 'HTTPS_PROXY or HTTP_PROXY' : 'the option "proxy"';
  return { url, origin: new URL(url).origin, setBy };
}

/**
 * The settings of an agent of Node's that make its requests go through a proxy.
 * @param option the option `proxy`; without it, the environment says, where Node is told to use it
 * @throws ConfigurationError when the option is set and this Node has no such agents
 */
export function agentSettings(option: string | undefined, backend: string): { readonly proxyEnv?: object } {
  if (option === undefined) {
    const proxyEnv = environmentInUse();
    return proxyEnv === undefined ? {} : { proxyEnv };
  }
  if (process.allowedNodeEnvironmentFlags.has('--use-env-proxy'))
    return { proxyEnv: { http_proxy: option, https_proxy: option } };
  throw new ConfigurationError(
    `The ${backend} backend's option "proxy" needs Node 22.21, or 24.5, or later, and this is ${process.version}.`,
    { backend },
  );
}

/**
 * The variables that Node's own requests go by: undefined unless it was started with `NODE_USE_ENV_PROXY=1` or
 * `--use-env-proxy`, or `http.setGlobalProxyFromEnv` was called. Source:
 * https://nodejs.org/api/http.html#built-in-proxy-support
 */
function environmentInUse(): NodeJS.ProcessEnv | undefined {
  // Loaded on demand: see pusher/addresses.ts.
  const { globalAgent } = process.getBuiltinModule('node:https');
  return Reflect.get(globalAgent.options, 'proxyEnv') as NodeJS.ProcessEnv | undefined;
}

function proxyInEnvironment({ protocol, hostname, port }: URL): string | undefined {
  const env = environmentInUse();
  if (env === undefined) return undefined;
  const isSecure = protocol === 'https:';
  const url = isSecure ? env['https_proxy'] || env['HTTPS_PROXY'] : env['http_proxy'] || env['HTTP_PROXY'];
  if (!isProxyUrl(url)) return undefined;
  const exceptions = (env['no_proxy'] || env['NO_PROXY'] || '').toLowerCase().split(',');
  const host = hostname.toLowerCase().replace(/^\[|\]$/g, '');
  const isExcepted = exceptions.some((entry) => covers(entry.trim(), host, port || (isSecure ? '443' : '80')));
  return isExcepted ? undefined : url;
}

/**
 * Whether an entry of `NO_PROXY` covers a host, as Node reads it. Source: `shouldUseProxy` in its lib/internal/http.js
 */
function covers(entry: string, host: string, port: string): boolean {
  if (entry === '*' || entry === host || entry === `${host}:${port}`) return true;
  if (entry.startsWith('.')) return `.${host}`.endsWith(entry);
  if (entry.startsWith('*.')) return host.endsWith(entry.slice(1));
  const [first = '', last = ''] = entry.split('-').map((address) => address.trim());
  if (![first, last, host].every(isIPv4)) return false;
  return asNumber(first) <= asNumber(host) && asNumber(host) <= asNumber(last);
}

function asNumber(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}
