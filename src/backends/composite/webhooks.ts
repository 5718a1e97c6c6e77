import { PushError } from '../../core/errors.js';
import type { WebhookEvent } from '../../webhooks/event.js';
import type { WebhookHeaders, WebhookRequest } from '../../webhooks/source.js';
import type { SharedMemory } from '../contract/shared-memory.js';
import type { AnyBackend } from '../contract/wrapper.js';
import type { Child } from './child.js';

/** The backends that read webhooks. @throws what `failure` makes, when there is none */
export function readersIn(children: readonly Child[], failure: () => Error): readonly AnyBackend[] {
  const readers = children.filter(({ capabilities }) => capabilities.webhooks).map(({ backend }) => backend);
  if (readers.length === 0) throw failure();
  return readers;
}

/** The memory of the first backend that has one. */
export function sharedMemoryOf(children: readonly Child[]): SharedMemory | undefined {
  return children.map(({ backend }) => backend.sharedMemory).find((memory) => memory !== undefined);
}

/** Takes the headers that any of the backends takes. @throws AuthenticationError of the first one when none does */
export function checkHeaders(readers: readonly AnyBackend[], headers: WebhookHeaders): void {
  let refusal: PushError | undefined;
  for (const backend of readers) {
    try {
      backend.checkWebhookHeaders(headers);
      return;
    } catch (error) {
      refusal ??= refusalIn(error);
    }
  }
  throw refusal;
}

/**
 * Reads a webhook of whichever backend's provider has signed it.
 * @throws AuthenticationError of the first one when none has
 */
export async function readWebhook(
  readers: readonly AnyBackend[],
  request: WebhookRequest,
): Promise<readonly WebhookEvent[]> {
  let refusal: PushError | undefined;
  for (const backend of readers) {
    try {
      return await backend.parseWebhook(request);
    } catch (error) {
      refusal ??= refusalIn(error);
    }
  }
  throw refusal;
}

/** @returns an error that says that the webhook is another provider's @throws any other error */
function refusalIn(error: unknown): PushError {
  if (PushError.isPushError(error) && error.code === 'AUTHENTICATION') return error;
  throw error;
}
