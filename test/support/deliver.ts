import { checkedCapabilities } from '../../src/backends/contract/capabilities.js';
import { asPushError } from '../../src/backends/contract/failure.js';
import { makeRequest, type Outcome } from '../../src/backends/contract/make-request.js';
import type { AddressedMessage, AnyBackend, OutgoingMessage, PushError, RequestContext } from '../../src/index.js';

/**
 * Sends one message to channels in one request, without a service.
 * @throws what the backend threw, or the first channel's error, when every channel failed
 */
export function deliver(
  backend: AnyBackend,
  channels: readonly string[],
  message: OutgoingMessage,
  context: RequestContext,
): Promise<readonly Outcome[]> {
  const messages = channels.map((channel) => ({ channel, message }));
  return deliverMessages(backend, messages, context);
}

/** Sends different messages in one request, as {@link deliver} does. */
export async function deliverMessages(
  backend: AnyBackend,
  messages: readonly AddressedMessage[],
  context: RequestContext,
): Promise<readonly Outcome[]> {
  const thrown: unknown[] = [];
  const failureOf = (error: unknown): PushError => {
    thrown.push(error);
    return asPushError(error, backend);
  };
  const target = { backend, capabilities: checkedCapabilities(backend), failureOf };
  const outcomes = (await makeRequest(target, messages, context)) ?? messages.map(({ channel }) => ({ channel }));
  if (thrown.length > 0 && outcomes.every(({ error }: Outcome) => error !== undefined)) throw thrown[0];
  return outcomes;
}
