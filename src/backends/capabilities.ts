import type { NameRule } from '../name-rule.js';

/**
 * What a backend can do and how much at once. The plan stage checks messages against it, the delivery
 * stage splits by it, and the conformance suite skips by it and by nothing else.
 */
export interface BackendCapabilities {
  /** Channels that one `sendBatch` call takes; 1 without `sendBatch`. */
  readonly maxChannelsPerRequest: number;
  /** Different messages that one `sendMessages` call takes; 1 without `sendMessages`. */
  readonly maxMessagesPerRequest: number;
  /** Upper limit of a message's encoded payload, in UTF-8 bytes. */
  readonly maxPayloadBytes: number;
  readonly channelName: NameRule;
  readonly eventName: NameRule;
  /** `subscribe` and `unsubscribe` work. */
  readonly subscribe: boolean;
  /** `channelInfo` and `channelUsers` work. */
  readonly presence: boolean;
  /** Past messages of a channel can be read. */
  readonly history: boolean;
  /** `authorizeChannel` and `authenticateUser` work. */
  readonly authorize: boolean;
  /** The provider reports what happens on its side by webhook. */
  readonly webhooks: boolean;
  /** `except` keeps a message from one connection. */
  readonly except: boolean;
  /** The provider drops a second message with the same id, so that a retry cannot deliver twice. */
  readonly idempotent: boolean;
}

/** Any name that is not empty and holds no control characters. */
export const anyName: NameRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 1024,
  allowed: 'anything but control characters',
};
