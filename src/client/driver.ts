import type { ClientConfig } from '../wire/client-config.js';
import { record } from '../wire/is-record.js';
import type { IncomingMessage } from '../wire/message.js';
import type { ChannelMembers } from './channel-states.js';
import { PushClientError } from './errors.js';

/**
 * State of a connection:
 * - `initialized`: before the first `connect()`
 * - `connecting`: at first, and while a lost connection is being restored
 * - `connected`: messages can arrive
 * - `unavailable`: connecting takes long, and goes on
 * - `failed`: this browser cannot connect at all
 * - `disconnected`: after `disconnect()`, or when the server refused the connection for good
 */
export type ConnectionState = 'initialized' | 'connecting' | 'connected' | 'unavailable' | 'failed' | 'disconnected';

/**
 * The receiver of a driver's reports, which hands them to the `PushClient` that made it. None of its methods throws.
 */
export interface ClientDriverHost {
  receiveMessage(message: IncomingMessage): void;
  receiveState(state: ConnectionState): void;
  receiveError(error: PushClientError): void;
  /** MUST be called each time the server confirms a subscription, also when it was restored. */
  receiveSubscription(channel: string): void;
  /** MUST be called with all members of a presence channel at each change, and before its `receiveSubscription`. */
  receiveMembers(channel: string, members: ChannelMembers): void;
}

/**
 * The contract of a client's driver, which connects a page to one kind of server. It MUST restore a lost connection and
 * the subscriptions on it by itself. Its methods MUST NOT throw when the network or the server fails: they report that
 * to the host.
 */
export interface ClientDriver {
  /** Id of the connection; undefined when not connected, or where connections have none. */
  readonly socketId: string | undefined;
  /**
   * Whether the server knows channels, so that the client's channels can change on one connection. Where it is false,
   * the client makes a new driver for a configuration with other channels. @default true
   */
  readonly knowsChannels?: boolean;
  /**
   * Connects, and subscribes to all channels asked for so far. A second call MUST change nothing while the connection
   * stands; it may find out whether it does.
   */
  connect(): void;
  /** Closes the connection and keeps the list of channels, for a later {@link ClientDriver.connect}. */
  disconnect(): void;
  /**
   * Subscribes to a channel, or tries a refused one again. MUST be idempotent, and work before
   * {@link ClientDriver.connect}.
   */
  subscribe(channel: string): void;
  /** Leaves a channel: none of its messages arrives any more. MUST ignore unknown channels. */
  unsubscribe(channel: string): void;
  /**
   * Sends an event to the channel's other subscribers. A driver whose server does not allow that has no such method.
   * @returns whether the event was sent
   * @throws TypeError for a name that no such event can have, and for data that cannot be sent; PushClientError for a
   * channel that takes none
   */
  trigger?(channel: string, event: string, data: unknown): boolean;
  /** Whether messages may come by server-sent events while it does not get through. @default false */
  readonly canFallBack?: boolean;
  /** Takes a message that came by server-sent events instead, and reports it unless its id came before. */
  hear?(message: IncomingMessage): void;
  /** The driver that this one stands before. */
  readonly behind?: ClientDriver;
  /**
   * Of a driver that stands before another one: takes the state that the other one has reported.
   * @returns the state that the client is to have
   */
  follow?(state: ConnectionState): ConnectionState;
}

/** Makes a driver. MUST NOT connect yet. */
export type ClientDriverFactory = (host: ClientDriverHost, config: ClientConfig) => ClientDriver;

/** Reads a key of the configuration that a driver needs. @throws PushClientError when it is missing */
export function neededKey(config: ClientConfig, key: string): string {
  const value = config[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new PushClientError(
    `PushClient needs "${key}" in its configuration: pass what PushService.clientConfig() returned.`,
    'CONFIGURATION',
  );
}

/** Set by the build of the page's scripts. */
declare const IS_PAGE_SCRIPT: true | undefined;

/** The class of an SDK, or a module that has it as its default or by its name. */
export type SdkModule<Class, Name extends string> =
  | Class
  | { readonly default: SdkModule<Class, Name> }
  | { readonly [Key in Name]: SdkModule<Class, Name> };

/**
 * Finds the class of the SDK that a driver uses: the one passed to the client, else the one that a script of the page
 * has loaded. Bundlers and `import *` hand over the module around it.
 * @param name global name of the SDK, and name of the client's option
 * @throws PushClientError when there is neither
 */
export function neededSdk<Class, Name extends string>(
  passed: SdkModule<Class, Name> | undefined,
  name: Name,
  packageName: string,
  config: ClientConfig,
): Class {
  const given = passed ?? (globalThis as Readonly<Record<string, unknown>>)[name];
  const sdk = classIn(given, name, 2);
  if (sdk) return sdk as Class;
  throw new PushClientError(
    // A page's own script holds the SDK, or finds the page's.
    given || typeof IS_PAGE_SCRIPT !== 'undefined'
      ? `PushClient needs the class of ${packageName}, and "${name}" is none: pass what the package exports.`
      : `PushClient needs ${packageName} for the "${config.backend}" backend: ` +
          `load its script first, or pass it as new PushClient(config, { ${name} }).`,
    'CONFIGURATION',
  );
}

/** @param depth how many modules may lie around the class */
function classIn(value: unknown, name: string, depth: number): unknown {
  if (typeof value === 'function') return value;
  const module = record(value);
  return depth > 0 && (classIn(module[name], name, depth - 1) || classIn(module['default'], name, depth - 1));
}
