import { onTestFinished } from 'vitest';
import { PusherService } from '../../../../src/backends/pusher/index.js';
import type { PusherOptions } from '../../../../src/backends/pusher/options.js';
import { createPushService, type Logger, type PushService } from '../../../../src/index.js';
import { type JsClient, signedClient } from '../../../server/support/js-client.js';
import { credentials } from '../../../server/support/server.js';

const encryptionMasterKeyBase64 = Buffer.alloc(32, 7).toString('base64');

/** A service whose pusher backend talks to the embedded server. */
export function serviceOn(
  port: number,
  { logger, useSsl = false, ...options }: PusherOptions & { logger?: Logger; useSsl?: boolean } = {},
): { push: PushService; backend: PusherService } {
  const push = createPushService({
    backend: 'pusher',
    ...credentials,
    useSsl,
    retries: 0,
    options: { host: '127.0.0.1', port, encryptionMasterKeyBase64, ...options },
    ...(logger !== undefined && { logger }),
  });
  onTestFinished(() => push.close());
  const { backend } = push;
  if (!(backend instanceof PusherService)) throw new Error('not the pusher backend');
  return { push, backend };
}

/** A browser's client, whose subscriptions and user the backend signs. */
export function browser(port: number, backend: PusherService, userId = 'ann'): JsClient {
  return signedClient(port, backend, { id: userId });
}
