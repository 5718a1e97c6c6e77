import { PageClient } from './default-client.js';
import { type Drivers, useDrivers } from './drivers/create-driver.js';
import { PushClientError } from './errors.js';
import { useFallback } from './fallback.js';
import { PushClient } from './push-client.js';
import { setDefaultClient } from './static-calls.js';

/** The part of a page that its script uses. */
interface Page {
  PushClient?: typeof PushClient;
  readonly document?: { readonly currentScript: { readonly src?: string; readonly nonce?: string } | null };
  /** The addresses of the configuration for which a default client is there. */
  [pageClients]?: Set<string>;
}

/** Known to each copy of the script. */
const pageClients = Symbol.for('pushrail.page-clients');

/**
 * Makes the global `PushClient` of a page, with the default client that its static calls go to. A script that stands in
 * the page twice changes nothing the second time.
 * @param drivers the drivers that the page's script holds
 * @param loadSdk loads what the driver needs and the script does not hold, under the nonce of this script
 * @throws PushClientError `CONFIGURATION` where the script does not know its own address
 */
export function setUpPage(drivers: Drivers, loadSdk?: (nonce: string) => void): void {
  const page = globalThis as Page;
  const { src, nonce = '' } = page.document?.currentScript ?? {};
  if (!src)
    throw new PushClientError('Load client.js by <script src="…/client.js">, without type="module".', 'CONFIGURATION');
  const [base = ''] = src.split(/client\.js\/*(?:[?#]|$)/, 1);
  const address = new URL('config', base).href;
  page[pageClients] ??= new Set();
  if (page[pageClients].has(address)) return;
  page[pageClients].add(address);
  useDrivers(drivers);
  useFallback(() => import(new URL('fallback.js', address).href));
  setDefaultClient(new PageClient(address, () => loadSdk?.(nonce)));
  page.PushClient = PushClient;
}
