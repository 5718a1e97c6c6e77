import { onTestFinished } from 'vitest';
import { FailoverService } from '../../../src/backends/composite/failover.js';
import { OneSignalService } from '../../../src/backends/onesignal/index.js';
import { PubNubService } from '../../../src/backends/pubnub/index.js';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { RemoteWebSocketService } from '../../../src/backends/remote/index.js';
import { type AnyBackend, createPushService, type PushService } from '../../../src/index.js';
import { startOneSignalProvider } from '../../providers/onesignal-provider.js';
import type { ProviderServer } from '../../providers/provider-server.js';
import { startPubNubProvider } from '../../providers/pubnub-provider.js';
import { startPusherProvider } from '../../providers/pusher-provider.js';
import { sdkVersions } from '../pubnub/support/sdk-versions.js';

/** A backend, and the local server that it sends to. */
export interface Started {
  readonly backend: AnyBackend;
  readonly provider: {
    readonly server: ProviderServer;
    readonly received: readonly { readonly channel: string; readonly data: unknown }[];
    close(): Promise<void>;
  };
}

export async function pusher(): Promise<Started> {
  const provider = await startPusherProvider();
  return { provider, backend: new PusherService(provider.settings) };
}

/** The provider of Pusher's HTTP API has the routes and the signatures of an embedded server, too. */
async function remote(): Promise<Started> {
  const provider = await startPusherProvider();
  const { host, port } = provider.settings.options;
  return { provider, backend: new RemoteWebSocketService({ ...provider.settings, options: { host, port } }) };
}

async function onesignal(): Promise<Started> {
  const provider = await startOneSignalProvider();
  return { provider, backend: new OneSignalService(provider.settings) };
}

async function failover(): Promise<Started> {
  const provider = await startPusherProvider();
  const { settings } = provider;
  const gone = new PusherService({ ...settings, options: { ...settings.options, port: 9 } });
  return { provider, backend: new FailoverService({ options: { backends: [gone, new PusherService(settings)] } }) };
}

/** The kinds of backends, each with a channel of its own kind. */
export const kinds: readonly [name: string, start: () => Promise<Started>, channel: string][] = [
  ['pusher', pusher, 'log'],
  ['pusher, to an encrypted channel', pusher, 'private-encrypted-log'],
  ['pusher, to a user', pusher, '#server-to-user-ann'],
  ...sdkVersions.map(({ version, PubNub }): [string, () => Promise<Started>, string] => [
    `pubnub ${version}`,
    async () => {
      const provider = await startPubNubProvider();
      const options = { ...provider.settings.options, PubNub };
      return { provider, backend: new PubNubService({ ...provider.settings, options }) };
    },
    'log',
  ]),
  ['onesignal', onesignal, 'ann'],
  ['a remote websocket', remote, 'log'],
  ['a failover', failover, 'log'],
];

/** A service on a backend, closed at the end of the test. */
export async function serviceOf(
  start: () => Promise<Started>,
  settings: { timeout?: number; retries?: number } = {},
): Promise<Started & { push: PushService }> {
  const started = await start();
  onTestFinished(() => started.provider.close());
  const push = createPushService({ backend: started.backend, ...settings });
  onTestFinished(() => push.close());
  return { ...started, push };
}

/** The numbers from 0 on. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** The data that a channel got. */
export function numbersOf({ received }: Started['provider'], channel: string): unknown[] {
  return received.filter((record) => record.channel === channel).map(({ data }) => data);
}
