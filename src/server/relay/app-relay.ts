import type { Logger } from '../../core/logger.js';
import { RepeatedLines } from '../../core/repeated-lines.js';
import type { ClusterNode } from './cluster-node.js';
import { idOf, itemOf } from './item-text.js';
import type { TopicListener } from './listening.js';
import type { LogEntry, SetChange, Share, ShareResult } from './relay.js';
import { decodeEvent, encodeEvent, type RelayedEvent, UnknownVersion } from './relayed-event.js';

/** Hears the channels of an application. Its methods must not throw. */
export interface AppTopics {
  event(channel: string, event: RelayedEvent): void;
  changed(channel: string, change: SetChange): void;
  missed(channel: string): void;
}

/** How a share is told of, and when it is refused. */
export interface ShareRules {
  readonly isTold?: boolean;
  readonly isWeightTold?: boolean;
  readonly maxItems?: number | undefined;
  readonly maxWeight?: number | undefined;
  /** See `HeldChange`. */
  readonly lingerMs?: number | undefined;
}

/** What an application on the relay needs of its server. */
interface AppRelayHost {
  /** Its logger must not throw. */
  readonly logger: () => Logger;
  /** Whether this node goes on alone while the relay is away, see the option `relayFailure`. */
  readonly isLocalAtFailure: boolean;
}

/** One application on the relay: its channels are topics, whose names begin with its id. */
export class AppRelay {
  readonly node: ClusterNode;
  readonly #prefix: string;
  readonly #isLocalAtFailure: boolean;
  readonly #logger: () => Logger;
  readonly #lines = new RepeatedLines();

  constructor(node: ClusterNode, appId: string, { logger, isLocalAtFailure }: AppRelayHost) {
    this.node = node;
    this.#isLocalAtFailure = isLocalAtFailure;
    // It has no slash, so what follows the first one is the name.
    this.#prefix = `${encodeURIComponent(appId)}/`;
    this.#logger = logger;
  }

  /** The topic of a channel, or of what else the application shares, whose name begins with a `!`. */
  topicOf(name: string): string {
    return this.#prefix + itemOf(name);
  }

  nameOf(topic: string): string {
    return idOf(topic.slice(this.#prefix.length));
  }

  /** Listens to a channel. See `Listening.listen`. */
  listen(channel: string, topics: AppTopics): Promise<void> {
    return this.node.listen(this.topicOf(channel), this.#listener(channel, topics));
  }

  #listener(channel: string, topics: AppTopics): TopicListener {
    return {
      message: (payload) => {
        const event = this.#decoded(payload);
        if (event !== undefined) topics.event(channel, event);
      },
      changed: (change) => topics.changed(channel, change),
      missed: () => topics.missed(channel),
    };
  }

  #decoded(payload: Uint8Array): RelayedEvent | undefined {
    try {
      return decodeEvent(payload);
    } catch (error) {
      const version = error instanceof UnknownVersion ? error.message : 'unknown';
      const text =
        'websocket: a node of another version sends events in a form that this one does not know: they are ignored. Update this node';
      this.#lines.on(this.#logger()).error({ version }, text);
      return undefined;
    }
  }

  /** Logs a warning; one that many requests would repeat is left out. */
  warn(details: object, text: string): void {
    this.#lines.on(this.#logger()).warn(details, text);
  }

  /** Waits for the relay: with `relayFailure: 'local'` only while it is there. @returns undefined when it is not */
  whileThere<Result>(work: Promise<Result>): Promise<Result | undefined> {
    return this.#isLocalAtFailure ? this.node.whileThere(work) : work;
  }

  leave(channel: string): void {
    this.node.leave(this.topicOf(channel));
  }

  /** @throws DeliveryError when it was not published, or nobody knows */
  publish(channel: string, event: RelayedEvent, keepMs?: number, entry?: LogEntry): Promise<void> {
    return this.node.publish({ topic: this.topicOf(channel), payload: encodeEvent(event), keepMs, entry });
  }

  /** See `Partition.hold`. @param name as for {@link topicOf} */
  hold(
    name: string,
    set: string,
    item: string,
    share: Share | undefined,
    rules: ShareRules = {},
  ): Promise<ShareResult | undefined> {
    return this.node.hold({ topic: this.topicOf(name), set, item, share, ...rules });
  }
}
