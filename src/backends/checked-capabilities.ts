import { ConfigurationError } from '../errors.js';
import type { BackendCapabilities } from './capabilities.js';
import type { AnyBackend } from './push-service-wrapper.js';

/** Limits that a message is split or refused by: a wrong one would lose messages without a word. */
const limits = ['maxChannelsPerRequest', 'maxMessagesPerRequest', 'maxPayloadBytes'] as const;

/**
 * The capabilities of a backend, asked for once.
 * @throws ConfigurationError for a limit that is none, or one that the backend lacks the method for
 */
export function checkedCapabilities(backend: AnyBackend): BackendCapabilities {
  const { capabilities, name } = backend;
  for (const limit of limits) {
    const value = capabilities[limit];
    if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1)) continue;
    throw new ConfigurationError(
      `The ${name} backend: its capability "${limit}" must be an integer from 1, or Infinity, not ${String(value)}.`,
      { backend: name },
    );
  }
  needsMethod(backend, capabilities.maxChannelsPerRequest, 'maxChannelsPerRequest', 'sendBatch');
  needsMethod(backend, capabilities.maxMessagesPerRequest, 'maxMessagesPerRequest', 'sendMessages');
  return capabilities;
}

function needsMethod(backend: AnyBackend, value: number, limit: string, method: string): void {
  if (value === 1 || method in backend) return;
  throw new ConfigurationError(
    `The ${backend.name} backend: its capability "${limit}" is ${value}, but it has no ${method}().`,
    { backend: backend.name },
  );
}
