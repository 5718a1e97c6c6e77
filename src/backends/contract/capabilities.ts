import { ConfigurationError } from '../../core/errors.js';
import type { NameRule } from '../../core/names.js';

/**
 * What a backend can do and how much at once. The plan stage checks messages against it, the delivery
 * stage splits by it, and the conformance suite skips by it and by nothing else.
 */
export interface BackendCapabilities {
  /** Channels that one `sendBatch` call takes; 1 without `sendBatch`. */
  readonly maxChannelsPerRequest: number;
  /** Different messages that one `sendMessages` call takes; 1 without `sendMessages`. */
  readonly maxMessagesPerRequest: number;
  /** Whether a channel may be in one `sendBatch` call with others. @default every channel may */
  readonly sharesRequest?: (channel: string) => boolean;
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
  /** `authorizeChannel` works. */
  readonly authorize: boolean;
  /**
   * By what `authorizeChannel` and `authenticateUser` know a client: the id of its connection, which it says itself, or its user's id,
   * which MUST come from the application alone. @default 'connection'
   */
  readonly clientIs: 'connection' | 'user';
  /** `authenticateUser` works. */
  readonly authenticate: boolean;
  /** `parseWebhook` works. */
  readonly webhooks: boolean;
  /** `except` keeps a message from one connection. */
  readonly except: boolean;
  /** The provider drops a second message with the same id, so that a retry cannot deliver twice. */
  readonly idempotent: boolean;
  /** `send` takes an `idempotencyKey`. */
  readonly idempotencyKey: boolean;
}

/** The methods of a backend that say what it can do. */
type TellingMethod =
  | 'sendBatch'
  | 'sendMessages'
  | 'subscribe'
  | 'channelInfo'
  | 'authorizeChannel'
  | 'authenticateUser'
  | 'parseWebhook';

/** What a backend can do that says nothing else of itself: what it has methods of its own for, without a limit. */
export function capabilitiesBy(has: (method: TellingMethod) => boolean): BackendCapabilities {
  return {
    maxChannelsPerRequest: has('sendBatch') ? Number.POSITIVE_INFINITY : 1,
    maxMessagesPerRequest: has('sendMessages') ? Number.POSITIVE_INFINITY : 1,
    maxPayloadBytes: Number.POSITIVE_INFINITY,
    channelName: anyName,
    eventName: anyName,
    subscribe: has('subscribe'),
    presence: has('channelInfo'),
    history: false,
    authorize: has('authorizeChannel'),
    clientIs: 'connection',
    authenticate: has('authenticateUser'),
    webhooks: has('parseWebhook'),
    except: false,
    idempotent: false,
    idempotencyKey: false,
  };
}

/** Whether one message can go to all of these channels at once. */
export function fitsOneRequest(
  channels: readonly string[],
  { maxChannelsPerRequest, sharesRequest }: BackendCapabilities,
): boolean {
  if (channels.length > maxChannelsPerRequest) return false;
  return channels.length <= 1 || sharesRequest === undefined || channels.every((name) => sharesRequest(name));
}

/** Any name that is not empty and holds no control characters. */
export const anyName: NameRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 1024,
  allowed: 'anything but control characters',
};

/** A backend, as far as it tells of itself. */
interface Capable {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
}

/** Limits that a message is split or refused by: a wrong one would lose messages without a word. */
const limits = ['maxChannelsPerRequest', 'maxMessagesPerRequest', 'maxPayloadBytes'] as const;

/**
 * The capabilities of a backend, asked for once.
 * @throws ConfigurationError for a limit that is none, or one that the backend lacks the method for
 */
export function checkedCapabilities(backend: Capable): BackendCapabilities {
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

function needsMethod(backend: Capable, value: number, limit: string, method: string): void {
  if (value === 1 || method in backend) return;
  throw new ConfigurationError(
    `The ${backend.name} backend: its capability "${limit}" is ${value}, but it has no ${method}().`,
    { backend: backend.name },
  );
}
