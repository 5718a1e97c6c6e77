import { onTestFinished } from 'vitest';
import { PubNubService } from '../../../../src/backends/pubnub/index.js';
import type { PubNubOptions } from '../../../../src/backends/pubnub/options.js';
import {
  createPushService,
  type IncomingMessage,
  type PushServerSettings,
  type PushService,
} from '../../../../src/index.js';
import { type PubNubProvider, startPubNubProvider } from '../../../providers/pubnub-provider.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

/** A service with the pubnub backend, and the provider that it talks to. */
export interface Setup {
  readonly provider: PubNubProvider;
  readonly push: PushService;
  readonly backend: PubNubService;
  readonly logger: RecordingLogger;
  /** What came in through `messageReceived`. */
  readonly heard: IncomingMessage[];
}

/** @param settings what differs from one try of at most five seconds */
export async function setUp(
  options: PubNubOptions,
  settings: Partial<Pick<PushServerSettings, 'timeout' | 'retries' | 'concurrency'>> & { useSecret?: boolean } = {},
): Promise<Setup> {
  const provider = await startPubNubProvider();
  onTestFinished(() => provider.close());
  return { provider, ...connect(provider, options, settings) };
}

/** A further service at a provider. */
export function connect(
  provider: PubNubProvider,
  options: PubNubOptions,
  { useSecret = true, ...settings }: Parameters<typeof setUp>[1] = {},
): Omit<Setup, 'provider'> {
  const { pubKey, subKey, secretKey, useSsl, options: own } = provider.settings;
  const backend = new PubNubService({
    pubKey,
    subKey,
    useSsl,
    ...(useSecret && { secretKey }),
    options: { requestTimeoutMs: 5000, subscribeTimeoutMs: 5000, ...own, ...options },
  });
  const logger = new RecordingLogger();
  const push = createPushService({ retries: 0, timeout: 5000, ...settings, backend, logger });
  onTestFinished(() => push.close());
  const heard: IncomingMessage[] = [];
  push.on('messageReceived', (message) => heard.push(message));
  return { push, backend, logger, heard };
}
