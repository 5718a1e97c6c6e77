import type { ClientConfig } from '../wire/client-config.js';
import type { ClientListeners } from './client-listeners.js';
import type { ClientDriver, ClientDriverHost } from './driver.js';
import type { DriverOptions } from './drivers/create-driver.js';

/**
 * Makes a driver that stands before another one, which does not get through, and hears for it meanwhile.
 * @param host the client
 * @param channels those that the client wants, now and later
 */
export type Fallback = (
  driver: ClientDriver,
  host: ClientDriverHost & Pick<ClientListeners<object>, 'state' | 'onSubscribed'>,
  config: ClientConfig,
  options: DriverOptions,
  channels: Iterable<string>,
) => ClientDriver;

/** What loading the fallback gives. */
export type LoadFallback = () => Promise<{ readonly eventStream?: Fallback | undefined }>;

let load: LoadFallback | undefined;

/** Tells the client how to load the fallback. An entry of the client calls it, so that a page loads it only in need. */
export function useFallback(loader: LoadFallback): void {
  load = loader;
}

/** The fallback; undefined where there is none. */
export async function loadedFallback(): Promise<Fallback | undefined> {
  try {
    return (await load?.())?.eventStream;
  } catch {
    // It cannot be loaded: the driver goes on alone.
    return undefined;
  }
}
