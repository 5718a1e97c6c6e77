import { originCheck } from '../web/origins.js';

/** Decides which pages may send requests. */
export interface OriginRule {
  /**
   * Whether a request may pass: it comes from the application's own page, from an allowed origin, or from no page at
   * all.
   */
  admits(request: Request): boolean;
  /** Whether a page of another origin asks, allowed or not. */
  isForeign(request: Request): boolean;
  /** The CORS headers that let a page of another origin read the answer. Empty for the application's own pages. */
  corsHeaders(request: Request): Readonly<Record<string, string>>;
}

/** Makes the rule from the option `allowedOrigins`. @param allowed origins besides the application's own */
export function originRule(allowed: readonly string[]): OriginRule {
  const isAllowed = allowed.length === 0 ? () => false : originCheck(allowed);
  const isForeign = (request: Request): boolean => {
    // The browser sets this header, and no page can change it. Older browsers send only the origin.
    const site = request.headers.get('sec-fetch-site');
    if (site !== null) return site !== 'same-origin' && site !== 'none';
    const origin = request.headers.get('origin');
    return origin !== null && !isOwn(origin, request);
  };
  const isListed = (origin: string | null): boolean => origin !== null && isAllowed(origin);
  return {
    isForeign,
    admits: (request) => !isForeign(request) || isListed(request.headers.get('origin')),
    corsHeaders: (request) => {
      const origin = request.headers.get('origin');
      if (origin === null || !isForeign(request) || !isListed(origin)) return {};
      return {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Credentials': 'true',
        // A page that is to ask again later has to know when.
        'Access-Control-Expose-Headers': 'Retry-After',
        Vary: 'Origin',
      };
    },
  };
}

/** The headers that answer a CORS preflight request. */
export function preflightHeaders(request: Request, methods: readonly string[]): Readonly<Record<string, string>> {
  return {
    'Access-Control-Allow-Methods': methods.join(', '),
    'Access-Control-Allow-Headers': request.headers.get('access-control-request-headers') ?? 'content-type',
    'Access-Control-Max-Age': '600',
  };
}

/** The ports that an origin leaves out. A proxy may write them into `Host` all the same. */
const defaultPorts: Readonly<Record<string, string>> = { 'http:': ':80', 'https:': ':443' };

function isOwn(origin: string, request: Request): boolean {
  if (!URL.canParse(origin)) return false;
  const { host, protocol } = new URL(origin);
  return hostsOf(request).some((name) => name === host || name === host + defaultPorts[protocol]);
}

/**
 * The hosts of the application. Behind a proxy, `Host` may be the proxy's own. No page of another origin can forge
 * `X-Forwarded-Host`: the browser would send a preflight request, which is refused.
 */
function hostsOf(request: Request): readonly string[] {
  const forwarded = request.headers.get('x-forwarded-host')?.split(',', 1)[0]?.trim();
  const host = request.headers.get('host') ?? new URL(request.url).host;
  return [host, ...(forwarded === undefined ? [] : [forwarded])].map((name) => name.toLowerCase());
}
