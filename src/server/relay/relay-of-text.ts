import type { Relay } from './relay.js';

/**
 * Makes the relay that a text names, see `isRelayText`. What talks to Redis is loaded when a server connects, so that
 * nobody else loads it.
 * @param text the address of a Redis. A parameter `prefix` is that of `redisRelay`
 */
export function relayOfText(text: string): Relay {
  const { address, options } = withPrefix(text);
  return {
    name: 'redis',
    connect: async (host) => {
      const { redisRelay } = await import('./redis/index.js');
      return redisRelay(address, options).connect(host);
    },
  };
}

/** Takes the parameter `prefix`, which no client of Redis knows, out of an address. */
function withPrefix(text: string): { readonly address: string; readonly options: { readonly prefix?: string } } {
  const address = new URL(text);
  const prefix = address.searchParams.get('prefix');
  if (prefix === null) return { address: text, options: {} };
  address.searchParams.delete('prefix');
  return { address: address.href, options: { prefix } };
}
