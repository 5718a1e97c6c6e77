import type { ClientConfig } from '../wire/client-config.js';
import type { ClientDriver, ClientDriverHost, ConnectionState } from './driver.js';
import type { DriverOptions } from './drivers/create-driver.js';

/** The client whose driver does not get through. */
export interface FallbackParts {
  readonly driver: ClientDriver;
  readonly host: ClientDriverHost;
  readonly config: ClientConfig;
  readonly options: DriverOptions;
  /** The channels that the client wants, now and later. */
  readonly channels: Iterable<string>;
  /** What the driver has reported. */
  readonly state: ConnectionState;
}

/** Makes a driver that stands before another one, and hears for it while that does not get through. */
export type Fallback = (parts: FallbackParts) => ClientDriver;

let load: (() => Promise<Fallback>) | undefined;

/** Tells the client how to load the fallback. An entry of the client calls it, so that a page loads it only in need. */
export function useFallback(loader: () => Promise<Fallback>): void {
  load = loader;
}

/** Loads the fallback of a driver that can have one; undefined where there is none, or it cannot be loaded. */
export async function fallbackOf({ canFallBack }: ClientDriver): Promise<Fallback | undefined> {
  return canFallBack ? load?.().catch(() => undefined) : undefined;
}
