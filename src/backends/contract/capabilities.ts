import { ConfigurationError } from '../../core/errors.js';
import type { NameRule } from '../../core/names.js';

/**
 * The abilities of a backend, and its limits. Messages are checked and split by them before anything is sent, and the
 * conformance suite skips what a backend does not claim.
 */
export interface BackendCapabilities {
  /** Number of channels that one `sendBatch` call takes; 1 without `sendBatch`. */
  readonly maxChannelsPerRequest: number;
  /** Number of different messages that one `sendMessages` call takes; 1 without `sendMessages`. */
  readonly maxMessagesPerRequest: number;
  /** Whether a channel may be in one `sendBatch` call with others. @default every channel may */
  readonly sharesRequest?: (channel: string) => boolean;
  /**
   * Whether one `sendMessages` call may hold several messages for a channel: the backend delivers them in their order,
   * and when it fails with one that may be tried again, it delivers none of those after it.
   * @default no channel may: a call holds one message for it, and the next one waits for the call's end
   */
  readonly keepsOrder?: (channel: string) => boolean;
  /** Upper limit of a message's encoded payload, in UTF-8 bytes. */
  readonly maxPayloadBytes: number;
  readonly channelName: NameRule;
  readonly eventName: NameRule;
  /** `subscribe` and `unsubscribe` work. */
  readonly subscribe: boolean;
  /** `channelInfo` and `channelUsers` work. */
  readonly presence: boolean;
  /** `authorizeChannel` works. */
  readonly authorize: boolean;
  /**
   * Whether everybody may hear a channel. A stream of events needs a rule for each of the others.
   * @default nobody may without a rule
   */
  readonly isPublic?: (channel: string) => boolean;
  /**
   * The id that `authorizeChannel` and `authenticateUser` know a client by: that of its connection, which the client
   * names itself, or that of its user, which MUST come from the application alone.
   * @default 'connection'
   */
  readonly clientIs: 'connection' | 'user';
  /** `authenticateUser` works. */
  readonly authenticate: boolean;
  /** Whose connections `disconnect` ends. */
  readonly disconnects: readonly ('user' | 'session')[];
  /** `parseWebhook` works. */
  readonly webhooks: boolean;
  /** `except` keeps a message from one connection. */
  readonly except: boolean;
  /**
   * The provider drops a second message with the same id, so that a retry does not deliver twice. The id is that of
   * `OutgoingMessage`, the same on every retry.
   */
  readonly idempotent: boolean;
  /** `send` takes an `idempotencyKey`. */
  readonly idempotencyKey: boolean;
  /** Messages reach nobody: one that is recorded ends as `DEBUG`. @default false */
  readonly isDebug?: boolean;
}

/** A method whose presence shows that a backend has the ability. */
type OptionalMethod =
  | 'sendBatch'
  | 'sendMessages'
  | 'subscribe'
  | 'channelInfo'
  | 'authorizeChannel'
  | 'authenticateUser'
  | 'disconnect'
  | 'parseWebhook';

/** The capabilities of a backend that declares none: it can do what it has a method of its own for, without a limit. */
export function defaultCapabilities(has: (method: OptionalMethod) => boolean): BackendCapabilities {
  return {
    maxChannelsPerRequest: has('sendBatch') ? Number.POSITIVE_INFINITY : 1,
    maxMessagesPerRequest: has('sendMessages') ? Number.POSITIVE_INFINITY : 1,
    maxPayloadBytes: Number.POSITIVE_INFINITY,
    channelName: anyName,
    eventName: anyName,
    subscribe: has('subscribe'),
    presence: has('channelInfo'),
    authorize: has('authorizeChannel'),
    clientIs: 'connection',
    authenticate: has('authenticateUser'),
    disconnects: has('disconnect') ? ['user', 'session'] : [],
    webhooks: has('parseWebhook'),
    except: false,
    idempotent: false,
    idempotencyKey: false,
  };
}

/** The rule for names where the provider sets none: not empty, and no control characters. */
export const anyName: NameRule = {
  pattern: /^\P{Cc}+$/u,
  maxLength: 1024,
  allowed: 'anything but control characters',
};

/** Whether one message can go to all of these channels at once. */
export function fitsOneRequest(
  channels: readonly string[],
  { maxChannelsPerRequest, sharesRequest }: BackendCapabilities,
): boolean {
  if (channels.length > maxChannelsPerRequest) return false;
  return channels.length <= 1 || sharesRequest === undefined || channels.every((name) => sharesRequest(name));
}

/** The limits that a message is split or refused by. A wrong one would lose messages without a word. */
const limits = ['maxChannelsPerRequest', 'maxMessagesPerRequest', 'maxPayloadBytes'] as const;

interface NamedBackend {
  readonly name: string;
  readonly capabilities: BackendCapabilities;
}

/**
 * Reads a backend's capabilities, once, and checks them.
 * @throws ConfigurationError for a limit that is no limit, and for one that the backend has no method for
 */
export function checkedCapabilities(backend: NamedBackend): BackendCapabilities {
  const { capabilities, name } = backend;
  for (const limit of limits) {
    const value = capabilities[limit];
    if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value >= 1)) continue;
    throw new ConfigurationError(
      `The ${name} backend: its capability "${limit}" must be an integer from 1, or Infinity, not ${String(value)}.`,
      { backend: name },
    );
  }
  checkMethod(backend, capabilities.maxChannelsPerRequest, 'maxChannelsPerRequest', 'sendBatch');
  checkMethod(backend, capabilities.maxMessagesPerRequest, 'maxMessagesPerRequest', 'sendMessages');
  return capabilities;
}

function checkMethod(backend: NamedBackend, value: number, limit: string, method: string): void {
  if (value === 1 || method in backend) return;
  throw new ConfigurationError(
    `The ${backend.name} backend: its capability "${limit}" is ${value}, but it has no ${method}().`,
    { backend: backend.name },
  );
}
