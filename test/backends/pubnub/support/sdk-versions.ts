import { createRequire } from 'node:module';
import type { PubNubOptions } from '../../../../src/backends/pubnub/options.js';

const load = createRequire(import.meta.url);

/** Both versions of the SDK that the backend is tested with, for `describe.each`. */
export const sdkVersions: readonly {
  readonly version: string;
  readonly PubNub: NonNullable<PubNubOptions['PubNub']>;
}[] = [
  { version: '12', PubNub: load('pubnub') },
  { version: '11', PubNub: load('pubnub-11') },
];
