import * as z from 'zod/mini';
import { isSecretName } from '../../core/redaction.js';
import type { Relay } from './relay.js';

/** The texts that name a relay, in words. */
export const RELAY_TEXTS =
  '"redis://USER:PASSWORD@HOST:PORT", "rediss://…" for TLS, or "redis+cluster://HOST:PORT,HOST:PORT" for a Cluster';

/** An address as `redisRelay` takes it. Of a Cluster it may name several servers. */
const address = /^(?<scheme>rediss?)(?<cluster>\+cluster)?:\/\/(?<login>[^/?#]*@)?(?<hosts>[^/?#@]+)(?<rest>[/?#].*)?$/;

/**
 * Whether a text names a relay. A secret may stand before the `@` alone, where whatever shows the settings looks for
 * one.
 */
export function isRelayText(text: string): boolean {
  const { scheme, cluster, login = '', hosts = '', rest = '' } = address.exec(text)?.groups ?? {};
  // A password that is not encoded may look like the beginning of a query.
  if (scheme === undefined || /[\s@#]/.test(login.slice(0, -1) + rest)) return false;
  const servers = hosts.split(',').map((host) => `${scheme}://${login}${host}${rest}`);
  if (!servers.every((server) => URL.canParse(server)) || (cluster === undefined && servers.length > 1)) return false;
  const [, query] = rest.split('?');
  return ![...new URLSearchParams(query).keys()].some(isSecretName);
}

/** The schema of the option `relay`. */
export function relayOption(): z.ZodMiniType<Relay | string | false> {
  return z.custom<Relay | string | false>(
    (value) => value === false || (typeof value === 'string' ? isRelayText(value) : isRelay(value)),
    `must be a relay, which has a name and the method connect, a text: ${RELAY_TEXTS}, or false`,
  );
}

function isRelay(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return typeof Reflect.get(value, 'name') === 'string' && typeof Reflect.get(value, 'connect') === 'function';
}
