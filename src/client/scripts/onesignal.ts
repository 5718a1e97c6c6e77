import { OneSignalDriver } from '../drivers/onesignal/index.js';
import { setUpPage } from '../page-script.js';

/** Source: https://documentation.onesignal.com/docs/web-sdk-setup */
const SDK = 'https://cdn.onesignal.com/sdks/web/v16/OneSignalSDK.page.js';

interface PageDocument {
  readonly head: { append(element: object): void };
  createElement(name: 'script'): { src: string; nonce: string };
  querySelector(selector: string): object | null;
}

/** Adds OneSignal's script to the page, unless the page has done so. OneSignal keeps it to its own servers. */
function loadSdk(nonce: string): void {
  const { document } = globalThis as unknown as { readonly document: PageDocument };
  if (document.querySelector('script[src*="OneSignalSDK"]') !== null) return;
  console.info(`pushrail: this page loads ${SDK}, which its provider alone hands out.`);
  document.head.append(Object.assign(document.createElement('script'), { src: SDK, nonce }));
}

setUpPage({ onesignal: OneSignalDriver }, loadSdk);
