import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OneSignalService } from '../../src/backends/onesignal/index.js';
import { PubNubService } from '../../src/backends/pubnub/index.js';
import { PusherService } from '../../src/backends/pusher/index.js';
import { RemoteWebSocketService } from '../../src/backends/remote/index.js';
import { type AnyBackend, createPushService, DeliveryError } from '../../src/index.js';
import { type Fault, instead } from '../providers/faults.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import type { ProviderServer } from '../providers/provider-server.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { startPusherProvider } from '../providers/pusher-provider.js';
import { failureOf } from '../support/failure-of.js';
import { sdkVersions } from './pubnub/support/sdk-versions.js';

interface Started {
  readonly provider: { readonly server: ProviderServer; close(): Promise<void> };
  readonly backend: AnyBackend;
}

const kinds: readonly [name: string, start: () => Promise<Started>][] = [
  [
    'pusher',
    async () => {
      const provider = await startPusherProvider();
      return { provider, backend: new PusherService(provider.settings) };
    },
  ],
  [
    'a remote websocket',
    async () => {
      const provider = await startPusherProvider();
      const { host, port } = provider.settings.options;
      return { provider, backend: new RemoteWebSocketService({ ...provider.settings, options: { host, port } }) };
    },
  ],
  [
    'onesignal',
    async () => {
      const provider = await startOneSignalProvider();
      return { provider, backend: new OneSignalService(provider.settings) };
    },
  ],
  ...sdkVersions.map(({ version, PubNub }): [string, () => Promise<Started>] => [
    `pubnub ${version}`,
    async () => {
      const provider = await startPubNubProvider();
      const options = { ...provider.settings.options, PubNub };
      return { provider, backend: new PubNubService({ ...provider.settings, options }) };
    },
  ]),
];

const MEGABYTE = Buffer.alloc(1024 * 1024, ' ');
/** As long as the answer of somebody who wants to fill the memory. */
const MEGABYTES = 600;

interface EndlessAnswer {
  readonly fault: Fault;
  /** Megabytes that were taken. */
  taken: number;
}

/** An answer of 600 MB, which is sent as fast as it is read. */
function endless(status: number): EndlessAnswer {
  const fault: Fault = async (_answer, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    for (; answer.taken < MEGABYTES && !response.destroyed; answer.taken++) {
      if (response.write(MEGABYTE)) continue;
      await new Promise((resolve) => {
        response.once('drain', resolve);
        response.once('close', resolve);
      });
    }
    response.end();
  };
  const answer: EndlessAnswer = { fault: instead(fault), taken: 0 };
  return answer;
}

describe.each(kinds)('%s', (_name, start) => {
  test.each([
    [200, 'unknown'],
    [400, 'rejected'],
  ])('does not read an answer of 600 MB with the status %i to its end', async (status, outcome) => {
    const { provider, backend } = await start();
    onTestFinished(() => provider.close());
    const push = createPushService({ backend, retries: 0 });
    onTestFinished(() => push.close());
    const answer = endless(status);
    provider.server.faults.push(answer.fault);
    const error = await failureOf(DeliveryError, push.send({ channels: 'ann', data: 1 }));
    const failure = error.report?.rejected[0]?.error;
    expect(failure?.message).toBe(
      `The answer of ${provider.server.origin} has more than 16 MiB, so it was not read. Check that the provider's API is at this address.`,
    );
    expect(failure).toMatchObject({ outcome, status, retryable: false });
    // What is on the way in buffers is sent, too.
    expect(answer.taken).toBeLessThan(60);
    expect((await push.send({ channels: 'ann', data: 2 })).status).toBe('accepted');
  });

  test('asks for no compression, which could hide the length', async () => {
    const { provider, backend } = await start();
    onTestFinished(() => provider.close());
    const push = createPushService({ backend, retries: 0 });
    onTestFinished(() => push.close());
    await push.send({ channels: 'ann', data: 1 });
    const { server } = provider;
    if (backend instanceof RemoteWebSocketService) return;
    expect(server.requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity']);
    const body = gzipSync('{}');
    server.faults.push(
      instead((_answer, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        response.end(body);
      }),
    );
    const error = await failureOf(DeliveryError, push.send({ channels: 'ann', data: 1 }));
    expect(error.report?.rejected[0]?.error).toMatchObject({ outcome: 'unknown', status: 200 });
    expect(error.message).toContain(`The answer of ${server.origin} is compressed, which was not asked for`);
  });
});

test('a question about a channel is bounded likewise', async () => {
  const provider = await startPusherProvider();
  onTestFinished(() => provider.close());
  const backend = new PusherService(provider.settings);
  onTestFinished(() => backend.close());
  provider.server.faults.push(endless(200).fault);
  const { message } = await failureOf(DeliveryError, backend.channels());
  expect(message).toContain('has more than 16 MiB');
});
