import { createRequire } from 'node:module';
import { onTestFinished } from 'vitest';
import { PusherService } from '../../../../src/backends/pusher/index.js';
import type { PusherOptions } from '../../../../src/backends/pusher/options.js';
import { createPushService, type PushServerSettings, type PushService } from '../../../../src/index.js';
import { type PusherProvider, startPusherProvider } from '../../../providers/pusher-provider.js';

/** A provider, a service on it, and its backend; all closed at the end of the test. */
export interface Started {
  readonly provider: PusherProvider;
  readonly push: PushService;
  readonly backend: PusherService;
}

export async function start(
  settings: { options?: PusherOptions; tls?: boolean } & Omit<Partial<PushServerSettings>, 'backend' | 'options'> = {},
): Promise<Started> {
  const { options, tls, ...others } = settings;
  const provider = await startPusherProvider({ tls: tls ?? false });
  onTestFinished(() => provider.close());
  const push = createPushService({
    ...provider.settings,
    retries: 0,
    ...others,
    options: { ...provider.settings.options, ...options },
  } as PushServerSettings);
  onTestFinished(() => push.close());
  const { backend } = push;
  if (!(backend instanceof PusherService)) throw new Error('not the pusher backend');
  return { provider, push, backend };
}

interface Nacl {
  secretbox: { open(box: Uint8Array, nonce: Uint8Array, key: Uint8Array): Uint8Array | null };
}

const nacl = createRequire(import.meta.url)('tweetnacl') as Nacl;

/** What a subscriber of an encrypted channel makes of an event's data. */
export function decrypted(data: unknown, sharedSecret: string | undefined): unknown {
  return JSON.parse(decryptedText(data, sharedSecret));
}

/** As above, before it is read as JSON. */
export function decryptedText(data: unknown, sharedSecret: string | undefined): string {
  const { nonce, ciphertext } = JSON.parse(String(data)) as { nonce: string; ciphertext: string };
  const [box, start, key] = [ciphertext, nonce, sharedSecret ?? ''].map(
    (text) => new Uint8Array(Buffer.from(text, 'base64')),
  );
  const plain = box && start && key ? nacl.secretbox.open(box, start, key) : null;
  if (plain === null) throw new Error('the event cannot be decrypted');
  return Buffer.from(plain).toString();
}
