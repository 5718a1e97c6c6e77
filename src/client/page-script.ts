import { PageClient } from './default-client.js';
import { type Drivers, useDrivers } from './drivers/create-driver.js';
import { PushClientError } from './errors.js';
import { PushClient } from './push-client.js';
import { setDefaultClient } from './static-calls.js';

/** The part of a page that its script uses. */
interface Page {
  PushClient?: typeof PushClient;
  readonly document?: {
    readonly currentScript: { readonly src?: string; readonly nonce?: string } | null;
    readonly head: { append(element: object): void };
    createElement(name: 'script'): { src: string; nonce: string };
    querySelector(selector: string): object | null;
  };
  /** The addresses of the configuration for which a default client is there. */
  [pageClients]?: Set<string>;
}

/** Known to each copy of the script. */
const pageClients = Symbol.for('pushrail.page-clients');

/** A script of a provider, which hands it out itself. */
export interface ProvidersScript {
  readonly address: string;
  /** A part of the address that every version of the script has. */
  readonly name: string;
}

/**
 * Makes the global `PushClient` of a page, with the default client that its static calls go to. A script that stands in
 * the page twice changes nothing the second time.
 * @param drivers the drivers that the page's script holds
 * @param sdk a script that the page needs besides
 * @throws PushClientError `CONFIGURATION` where the script does not know its own address
 */
export function setUpPage(drivers: Drivers, sdk?: ProvidersScript): void {
  const page = globalThis as Page;
  const { src, nonce = '' } = page.document?.currentScript ?? {};
  if (!src)
    throw new PushClientError(
      'client.js does not know where it came from: load it by <script src="…/client.js"> without type="module".',
      'CONFIGURATION',
    );
  const address = new URL('config', src.replace(/\/*(?:[?#].*)?$/, '')).href;
  page[pageClients] ??= new Set();
  if (page[pageClients].has(address)) return;
  page[pageClients].add(address);
  useDrivers(drivers);
  setDefaultClient(new PageClient(address, () => sdk && loadScript(page, sdk, nonce)));
  page.PushClient = PushClient;
}

/** Adds a provider's script to the page, unless the page has done so. */
function loadScript({ document }: Page, { address, name }: ProvidersScript, nonce: string): void {
  if (document === undefined || document.querySelector(`script[src*="${name}"]`) !== null) return;
  console.info(`pushrail: this page loads ${address}, which its provider alone hands out.`);
  const script = document.createElement('script');
  script.src = address;
  script.nonce = nonce;
  document.head.append(script);
}
