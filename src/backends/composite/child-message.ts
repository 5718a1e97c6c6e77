import { ValidationError } from '../../core/errors.js';
import { checkName, checkSize } from '../../core/names.js';
import { didYouMean } from '../../core/schema-check.js';
import type { OutgoingMessage } from '../../wire/message.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import { outgoingMessage } from '../contract/message.js';
import type { AnyBackend } from '../contract/wrapper.js';

/** Makes the messages that one backend of a composite gets: in its own encoding and with its own options, once each. */
export class ChildMessages {
  readonly #backend: AnyBackend;
  readonly #capabilities: BackendCapabilities;
  readonly #made = new WeakMap<OutgoingMessage, OutgoingMessage>();

  constructor(backend: AnyBackend, capabilities: BackendCapabilities) {
    this.#backend = backend;
    this.#capabilities = capabilities;
  }

  /**
   * The backend's own form of a message.
   * @param message as the composite got it: its payload is `data` as JSON
   */
  of(message: OutgoingMessage): OutgoingMessage {
    const before = this.#made.get(message);
    if (before !== undefined) return before;
    const { id, event, payload: json, notification, except, idempotencyKey, isRecorded } = message;
    const made = outgoingMessage({
      id,
      event,
      json,
      payload: this.#backend.encode({ id, event, json, notification }),
      notification,
      except,
      idempotencyKey: this.#capabilities.idempotencyKey ? idempotencyKey : undefined,
      backendOptions: ownOptions(message.backendOptions, this.#backend.name),
      isRecorded,
    });
    this.#made.set(message, made);
    return made;
  }

  /** @throws ValidationError for names and sizes that this backend does not take */
  check(channels: readonly string[], message: OutgoingMessage): void {
    const { channelName, maxPayloadBytes } = this.#capabilities;
    const { name } = this.#backend;
    for (const channel of channels) checkName(channel, 'channel', channelName, name);
    const own = this.of(message);
    checkSize(own.payload, maxPayloadBytes, name);
    this.#backend.checkChannels(channels, own);
  }
}

/** The part of a composite's `backendOptions` that is for one backend. */
export function ownOptions(
  backendOptions: Readonly<Record<string, unknown>> | undefined,
  name: string,
): Record<string, unknown> | undefined {
  return backendOptions?.[name] as Record<string, unknown> | undefined;
}

/**
 * Checks that the parts of a composite's `backendOptions` are for its backends.
 * @param names those of its backends
 * @throws ValidationError for a part that is for none of them, or that is no object
 */
export function checkNamedBackends(
  backendOptions: Readonly<Record<string, unknown>> | undefined,
  names: readonly string[],
  composite: string,
): void {
  for (const [key, value] of Object.entries(backendOptions ?? {})) {
    const problem = !names.includes(key)
      ? `"${key}" is none of its backends${didYouMean(key, names)}`
      : typeof value !== 'object' || value === null
        ? `"${key}" must be an object.`
        : undefined;
    if (problem === undefined) continue;
    throw new ValidationError(`"backendOptions" of ${composite} are named after its backends: ${problem}`, {
      backend: composite,
    });
  }
}
