import type { Relay } from './relay.js';

/**
 * Makes the relay that a text names, see `isRelayText`. What talks to Redis is loaded when a server connects, so that
 * nobody else loads it.
 * @param text an address as `redisRelay` takes it. A parameter `prefix` is its option
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
  const [address = '', query = ''] = text.split('?');
  // As in a DSN, a + is no space.
  const parameters = new URLSearchParams(query.replaceAll('+', '%2B'));
  const prefix = parameters.get('prefix');
  if (prefix === null) return { address: text, options: {} };
  parameters.delete('prefix');
  return { address: parameters.size === 0 ? address : `${address}?${parameters}`, options: { prefix } };
}
