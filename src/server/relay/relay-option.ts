import * as z from 'zod/mini';
import { isSecretName } from '../../core/redaction.js';
import type { Relay } from './relay.js';

/** The texts that name a relay, in words. */
export const RELAY_TEXTS = '"redis://USER:PASSWORD@HOST:PORT", or "rediss://…" for TLS';

/**
 * Whether a text names a relay. A secret may stand before the `@` alone, where whatever shows the settings looks for
 * one.
 */
export function isRelayText(text: string): boolean {
  if (!/^rediss?:\/\/\S+$/i.test(text) || !URL.canParse(text)) return false;
  const { hostname, search, hash, searchParams } = new URL(text);
  // A password that is not encoded may look like the beginning of these.
  if (search.includes('@') || hash !== '') return false;
  return hostname !== '' && ![...searchParams.keys()].some(isSecretName);
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
