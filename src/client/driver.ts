import type { ClientConfig } from '../wire/client-config.js';
import type { IncomingMessage } from '../wire/message.js';
import type { ChannelMembers } from './channel-states.js';
import { PushClientError } from './errors.js';

/**
 * Where a connection stands: `initialized` before the first `connect()`, `connecting` also while it is lost and
 * being restored, `unavailable` when that takes long (it goes on trying), `failed` when this browser cannot
 * connect at all, `disconnected` after `disconnect()` or when the server refused it for good.
 */
export type ConnectionState = 'initialized' | 'connecting' | 'connected' | 'unavailable' | 'failed' | 'disconnected';

/** What a driver reports to: the `PushClient` that made it. None of its methods throws. */
export interface ClientDriverHost {
  receiveMessage(message: IncomingMessage): void;
  receiveState(state: ConnectionState): void;
  receiveError(error: PushClientError): void;
  /** To be told each time that the server has confirmed a subscription, also one that was restored. */
  receiveSubscription(channel: string): void;
  /** To be told all members of a presence channel, each time that they change, and before its `receiveSubscription`. */
  receiveMembers(channel: string, members: ChannelMembers): void;
}

/**
 * The contract of a client's driver: it talks to one kind of server. It MUST restore a lost connection, and
 * its subscriptions with it, by itself. No method throws for what happens on the network: that goes to the host.
 */
export interface ClientDriver {
  /** Id of the connection; undefined when not connected, or where connections have none. */
  readonly socketId: string | undefined;
  /** Connects and subscribes to everything asked for so far. A second call MUST change nothing while connected. */
  connect(): void;
  /** Closes the connection and keeps the list of channels, for a later {@link ClientDriver.connect}. */
  disconnect(): void;
  /** MUST work before {@link ClientDriver.connect} and be idempotent; for a channel that was refused it tries again. */
  subscribe(channel: string): void;
  /** Ends what {@link ClientDriver.subscribe} began: nothing of the channel arrives any more. Ignores unknown ones. */
  unsubscribe(channel: string): void;
  /**
   * Sends an event to the channel's other subscribers, where clients can. Returns whether it was sent.
   * @throws TypeError or PushClientError for an event or a channel with which that can never be
   */
  trigger?(channel: string, event: string, data: unknown): boolean;
}

/** Makes a driver. MUST NOT connect yet. */
export type ClientDriverFactory = (host: ClientDriverHost, config: ClientConfig) => ClientDriver;

/** A key of the configuration that a driver cannot do without. @throws PushClientError when it is missing */
export function neededKey(config: ClientConfig, key: string): string {
  const value = config[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new PushClientError(
    `PushClient needs "${key}" in its configuration: pass what PushService.clientConfig() returned.`,
    'CONFIGURATION',
  );
}

/**
 * The SDK that a driver speaks through.
 * @param name what the SDK's script calls it in the page, and the option of the client that takes it
 * @throws PushClientError when there is none
 */
export function neededSdk<Sdk>(passed: Sdk | undefined, name: string, packageName: string, config: ClientConfig): Sdk {
  const sdk = passed ?? (globalThis as unknown as Readonly<Record<string, Sdk | undefined>>)[name];
  if (sdk) return sdk;
  throw new PushClientError(
    `PushClient needs ${packageName} for the "${config.backend}" backend: ` +
      `load its script before this one, or pass it as new PushClient(config, { ${name} }).`,
    'CONFIGURATION',
  );
}
