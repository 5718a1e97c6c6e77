import type { AppOverview } from '../app-overview.js';
import type { AppPublisher } from '../app-publisher.js';
import type { CheckedLimits } from '../checked-options.js';
import type { ConnectionRequest } from '../departures.js';
import type { ChannelObserver, LocalChannel } from '../local-channel.js';
import type { LocalDelivery } from '../local-delivery.js';
import type { ServerCounters } from '../metrics/counters.js';
import type { AppRelay } from './app-relay.js';
import { ConnectionCount } from './connection-count.js';
import { LocalEvents } from './local-events.js';
import { NodeRequests } from './node-requests.js';
import { RelayPublisher } from './relay-publisher.js';
import { SharedChannels } from './shared-channels.js';
import { SharedOverview } from './shared-overview.js';
import { SharedUsers } from './shared-users.js';

/** What an application gets of its node. */
export interface AppRelayParts {
  readonly relay: AppRelay;
  /** See `newNodeTag`. */
  readonly tag: number;
  /** Whether clients connect to this node. */
  readonly isServing: boolean;
  /** Whether clients of this node get an event that the relay refuses. */
  readonly isLocalAtFailure: boolean;
  /** How long a cache channel keeps its last event, in milliseconds. */
  readonly cacheTtlMs: number;
}

interface SharedAppParts extends AppRelayParts {
  readonly limits: CheckedLimits;
  readonly channels: Map<string, LocalChannel>;
  readonly heard: ReadonlySet<string>;
  readonly local: LocalDelivery;
  readonly counters: ServerCounters;
  readonly observer: ChannelObserver | undefined;
  readonly perform: (request: ConnectionRequest) => number;
  /** Counts the connections of this node. */
  readonly countConnections: () => number;
}

/** What an application shares with other nodes: its channels, its users, and what is asked about connections. */
export class SharedApp {
  readonly channels: SharedChannels;
  readonly users: SharedUsers;
  readonly publisher: AppPublisher;
  readonly requests: NodeRequests;
  readonly overview: AppOverview;
  readonly connections: ConnectionCount;
  readonly #isServing: boolean;

  constructor(parts: SharedAppParts) {
    const { relay } = parts;
    this.#isServing = parts.isServing;
    const localEvents = new LocalEvents(relay.node, parts.local.cache);
    this.users = new SharedUsers(relay);
    this.publisher = new RelayPublisher({ ...parts, localEvents });
    this.requests = new NodeRequests(relay, parts.tag, parts.perform);
    this.channels = new SharedChannels({ ...parts, localEvents, cachedEvent: () => undefined });
    this.connections = new ConnectionCount(relay, parts.countConnections);
    this.overview = new SharedOverview(relay);
  }

  /** Takes part. @throws DeliveryError when the relay does not answer */
  async open(): Promise<void> {
    await this.requests.open(this.#isServing);
  }
}
