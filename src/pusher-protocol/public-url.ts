import * as z from 'zod/mini';
import { isPathPrefix } from '../core/path-prefix.js';

/** An address for pages; a page fills in from its own what is missing. */
export interface PublicAddress {
  readonly host?: string;
  readonly port?: number;
  readonly useTLS?: boolean;
  /** What stands before `/app/KEY`. */
  readonly path?: string;
}

/** The part of a schema for the option `publicUrl`, the address of a Channels server that browsers connect to. */
export function publicUrlOption(): z.ZodMiniType<string> {
  return z.custom<string>(isPublicUrl, 'must be an address such as "wss://push.example.com" or "wss://example.com/ws"');
}

function isPublicUrl(value: unknown): boolean {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const url = new URL(value);
  return (
    /^(?:wss?|https?):$/.test(url.protocol) &&
    (url.pathname === '/' || isPathPrefix(url.pathname)) &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    url.password === ''
  );
}

/**
 * The address for pages that the option `publicUrl` names.
 * @param path what stands before `/app/KEY` where the address has no path
 */
export function addressOf(publicUrl: string, path: string | undefined): PublicAddress {
  const { protocol, hostname, port, pathname } = new URL(publicUrl);
  const useTLS = protocol === 'wss:' || protocol === 'https:';
  const prefix = pathname === '/' ? path : pathname;
  return {
    host: hostname,
    port: port === '' ? (useTLS ? 443 : 80) : Number(port),
    useTLS,
    ...(prefix !== undefined && { path: prefix }),
  };
}
