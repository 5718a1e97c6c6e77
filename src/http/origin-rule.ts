import { originCheck } from '../web/origins.js';

/** Decides whether the page that a request comes from may make it. */
export interface OriginRule {
  /** Whether the page is the application's own, or one of those that are allowed, or there is none. */
  admits(request: Request): boolean;
  /** What lets a page of another origin read the answer; nothing for the application's own pages. */
  corsHeaders(request: Request): Readonly<Record<string, string>>;
}

/** @param allowed further origins, such as `https://*.example.com` */
export function originRule(allowed: readonly string[]): OriginRule {
  const isAllowed = allowed.length === 0 ? () => false : originCheck(allowed);
  const isForeign = (request: Request): boolean => {
    // The browser's own word, which no page can change; older ones say only the origin.
    const site = request.headers.get('sec-fetch-site');
    if (site !== null) return site !== 'same-origin' && site !== 'none';
    const origin = request.headers.get('origin');
    return origin !== null && !isOwn(origin, request);
  };
  const isListed = (origin: string | null): boolean => origin !== null && isAllowed(origin);
  return {
    admits: (request) => !isForeign(request) || isListed(request.headers.get('origin')),
    corsHeaders: (request) => {
      const origin = request.headers.get('origin');
      if (origin === null || !isForeign(request) || !isListed(origin)) return {};
      return { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true', Vary: 'Origin' };
    },
  };
}

/** The answer to a browser that asks whether a page of another origin may send what it wants to. */
export function preflightHeaders(request: Request, methods: readonly string[]): Readonly<Record<string, string>> {
  return {
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers': request.headers.get('access-control-request-headers') ?? 'content-type',
    'Access-Control-Max-Age': '600',
  };
}

/** The ports that an origin leaves out, and that a proxy may say all the same. */
const defaultPorts: Readonly<Record<string, string>> = { 'http:': ':80', 'https:': ':443' };

function isOwn(origin: string, request: Request): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  return hostsOf(request).some((name) => name === host || name === host + defaultPorts[protocol]);
}

/**
 * The names that the application goes by. Behind a proxy, the scheme and the `Host` may be the proxy's. A page cannot forge
 * `X-Forwarded-Host`: the browser would ask first, and not be let.
 */
function hostsOf(request: Request): readonly string[] {
  const forwarded = request.headers.get('x-forwarded-host')?.split(',', 1)[0]?.trim();
  const host = request.headers.get('host') ?? new URL(request.url).host;
  return [host, ...(forwarded === undefined ? [] : [forwarded])].map((name) => name.toLowerCase());
}
