import type { Logger } from '../../core/logger.js';

// The contract of a relay, which joins embedded servers on several machines: what one of them publishes is heard on
// all, and what they know of their clients is shared. It knows neither channels nor clients. `redis/` has the relay of
// this package; `relayConformance` in `pushrail/testing` tries another one.

/** Joins the nodes of a cluster: the processes whose embedded servers share one set of channels. */
export interface Relay {
  /** Its name in errors and logs, such as `redis`. */
  readonly name: string;

  /**
   * Connects a node. It MUST resolve when the connection can be used, and reject when that has not come to pass within
   * about 10 seconds. Afterwards it MUST reconnect by itself for as long as it takes.
   * @param host hears what is published, and what was missed
   */
  connect(host: RelayHost): Promise<RelayConnection>;
}

/** The node that a connection belongs to. Its methods never throw. */
export interface RelayHost {
  /** Its logger never throws. */
  readonly logger: () => Logger;

  /**
   * A message was published to a topic that this node listens to: by any node, this one too. All nodes MUST get the
   * messages of one topic in one order, each once.
   * @param payload as it was published. The connection MUST NOT change it afterwards
   */
  message(topic: string, payload: Uint8Array): void;

  /**
   * Items have come to a set of a topic that this node listens to, or have left it. It falls into the topic's one order
   * of messages.
   */
  changed(topic: string, change: SetChange): void;

  /**
   * From now on nothing is heard of some partitions, or nobody can tell whether it is.
   * @param since from when on messages may be missed, by `Date.now()`: when the last proof began that all is heard
   */
  deaf(partitions: readonly number[], since: number): void;

  /**
   * Everything is heard again. It MUST be called for each partition that {@link deaf} was called for, and before
   * anything that follows is handed over.
   * @param since as it was told to {@link deaf}. Every message that was missed MUST fall between it and now
   */
  hearing(partitions: readonly number[], since: number): void;
}

/** Items that have come to a set, or have left it, in one update, or another weight of the set. */
export interface SetChange {
  readonly set: string;
  /**
   * The set's version before: a node that knows an older one has missed a change. For a set that was not there it is
   * what {@link RelayConnection.read} gave as its version, or a greater number.
   */
  readonly previous: number;
  /** The set's version from now on, which is greater. A node that knows it, or a greater one, knows of the change. */
  readonly version: number;
  /** The weights of all shares together. */
  readonly weight: number;
  /** Those that have left. An item with a new value is here and in `came`. */
  readonly left: readonly string[];
  readonly came: readonly SetItem[];
}

export interface SetItem {
  readonly item: string;
  /** As whoever brought it has given it. */
  readonly value: string;
}

/** A set as it is, which later changes build on. */
export interface SetState {
  /**
   * A whole number that is greater after each change that is told, also when the set was gone in between or the relay
   * has lost its memory: such as microseconds since 1970, or one more than the version before. A set that is not there
   * has its last one or a greater one.
   */
  readonly version: number;
  /** In the order in which they came, as far as the relay keeps one. */
  readonly items: readonly SetItem[];
}

/** How much is in a set, over all nodes. */
export interface SetFigures {
  /** Number of items: 0 for a set that is not there. */
  readonly items: number;
  /** The weights of all shares together. */
  readonly weight: number;
}

/**
 * What a node holds in a set. A set of a topic has an item for as long as some node holds a share in it. The sets of a
 * topic are independent of each other.
 */
export interface ShareChange {
  readonly topic: string;
  readonly set: string;
  readonly item: string;
  /** The share that the node holds from now on, in place of the one before; undefined for none. */
  readonly share: Share | undefined;
  /** Whether those who listen to the topic are told of an item that comes or leaves, see {@link RelayHost.changed}. */
  readonly isTold?: boolean | undefined;
  /** Whether they are told, too, when the weight of the whole set is another one. */
  readonly isWeightTold?: boolean | undefined;
  /** The share is refused when it would bring a new item, and the set has so many. */
  readonly maxItems?: number | undefined;
  /** The share is refused when it weighs more than the one before, and all of the set would weigh more than this. */
  readonly maxWeight?: number | undefined;
}

export interface Share {
  /** A whole number, 0 or more. */
  readonly weight: number;
  /**
   * What the item is to others. The item keeps the value that it came with, unless all shares of other nodes weigh
   * nothing: then it gets this one. @default ''
   */
  readonly value?: string | undefined;
  /** What is appended to a log of the topic's partition when this share brings the item. */
  readonly onCame?: LogEntry | undefined;
  /** What is appended when the item leaves with this share, also when the node dies. */
  readonly onLeft?: LogEntry | undefined;
  /** When the node dies, it MUST be taken away after all that the node holds without this in the partition. */
  readonly leavesLast?: boolean | undefined;
}

/** A text for a log. */
export interface LogEntry {
  readonly log: string;
  readonly text: string;
}

/** What a change of a share has come to. */
export interface ShareResult {
  /** Whether it was refused because of `maxItems` or `maxWeight`. Then the node holds what it held before. */
  readonly isRefused: boolean;
  /** Whether the item was not there before. */
  readonly isNew: boolean;
  /** Whether the item has left. */
  readonly isGone: boolean;
  /** The set afterwards. */
  readonly figures: SetFigures;
}

export interface Update {
  /** One for each change, in their order. */
  readonly results: readonly ShareResult[];
  /** Incarnations of other nodes whose lease has ended, for somebody to {@link RelayConnection.evict}. */
  readonly expired: readonly string[];
  /** Number of nodes whose lease lasts, this one too. */
  readonly nodes: number;
  /** Names the memory of the partition. Another name than before says that the relay has lost everything in between. */
  readonly memory: string;
}

/** A message to a topic. */
export interface RelayMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Keeps it as the topic's last message for so long, in milliseconds, for {@link RelayConnection.kept}. */
  readonly keepMs?: number | undefined;
  /** What a log of the topic's partition gets with it. */
  readonly entry?: LogEntry | undefined;
}

/** A topic's last message. */
export type KeptMessage =
  | { readonly payload: Uint8Array; readonly ttlMs: number }
  /**
   * There is none. `isFirst` tells one of all who ask with `missMs`, until there is a message again, a set of the topic
   * is there no more, or so much time has passed. Who asks without it is never the first, and changes nothing.
   */
  | { readonly payload: undefined; readonly isFirst: boolean };

/** What is in a log for a reader. */
export interface LogPart {
  /** The first entries that the reader has not gone past, the oldest first. */
  readonly entries: readonly { readonly id: string; readonly text: string }[];
  /** What was noted since the reader last went on, by this node or by the one before. */
  readonly note: string | undefined;
  /** Number of entries that wait, those of `entries` among them. */
  readonly waiting: number;
}

/** The topics of one partition, in a page of a list. */
export interface TopicPage {
  readonly topics: readonly (SetFigures & { readonly topic: string })[];
  /** Where to go on; undefined at the end. */
  readonly cursor: string | undefined;
}

/**
 * A node's connection. Topics, sets, items, logs and readers are named by texts of any characters but NUL, of up to
 * 500 bytes. Values and the texts of entries hold no NUL either.
 *
 * All topics fall into partitions. What one call changes in one partition is one step: all of it happens, or nothing.
 * In a partition a node is known by an incarnation, which has a lease. The lease goes by the relay's clock. When it has
 * ended, others may evict the incarnation, and from then on nothing that it asks for is done.
 *
 * Nothing waits for ever: each call MUST settle within about 10 seconds, also when nobody answers. It rejects with a
 * `DeliveryError` whose outcome is `rejected` when it is known that nothing was done, and `unknown` otherwise. Nothing
 * is tried again by the connection itself once it may have been done.
 */
export interface RelayConnection {
  /** Number of partitions, 1 or more, the same on all nodes. */
  readonly partitions: number;
  /** The partition that a topic belongs to, from 0 on. The same on all nodes. */
  partitionOf(topic: string): number;

  /**
   * Hears topics of one partition. It MUST resolve when everything is handed over that is published from now on. A
   * connection that was lost meanwhile comes back with all topics, before `hearing` is called. Then this may take as
   * long as that, without an end.
   */
  listen(partition: number, topics: readonly string[]): Promise<void>;
  /** Hears topics no longer. Messages that are under way may still be handed over. */
  leave(partition: number, topics: readonly string[]): Promise<void>;

  /**
   * Publishes messages to topics of one partition, in their order.
   * @param incarnation the node's; undefined for a node that serves nobody, and has none
   * @returns false when the incarnation is not known: nothing was published
   */
  publish(partition: number, incarnation: string | undefined, messages: readonly RelayMessage[]): Promise<boolean>;

  /** Makes an incarnation of this node, with a lease of so many milliseconds from now. It is equal to none before. */
  register(partition: number, leaseMs: number): Promise<string>;

  /**
   * Renews the lease, and changes shares in topics of one partition, in their order. It MUST NOT resolve before all
   * that was published before it to topics that this node listens to, its own changes among it, is handed over. So it
   * also proves that the node hears.
   * @returns undefined when the incarnation is not known, because it was evicted or the relay has lost its memory:
   * nothing was changed
   */
  update(
    partition: number,
    incarnation: string,
    leaseMs: number,
    changes: readonly ShareChange[],
  ): Promise<Update | undefined>;

  /**
   * Takes the shares away that an incarnation holds, as if it had done so, and at the end the incarnation itself. One
   * whose lease lasts is left alone unless `isOwn`. From the first call on it is unknown. Several nodes may do it at
   * once.
   * @returns whether there are shares left: then it has to be called again
   */
  evict(partition: number, incarnation: string, options?: { readonly isOwn?: boolean }): Promise<boolean>;

  /** Reads a set. */
  read(topic: string, set: string): Promise<SetState>;
  /** Counts sets, which may be of several partitions. @returns one for each, in their order */
  figures(sets: readonly { readonly topic: string; readonly set: string }[]): Promise<readonly SetFigures[]>;
  /**
   * Lists the topics of a partition that have a set of this name. None that is there all the time is left out; one may
   * be listed twice.
   * @param prefix what their names begin with
   * @param cursor of the page before; undefined for the first one
   */
  list(partition: number, set: string, prefix: string, cursor?: string): Promise<TopicPage>;

  /** The last message of a topic that was to be kept. @param missMs see {@link KeptMessage} */
  kept(topic: string, missMs?: number): Promise<KeptMessage>;

  /**
   * Reads a log for a reader, which one node at a time is. That node stays it for `leaseMs`, or until there is nothing
   * to read. A log keeps an entry until each of the `readers` has gone past it, and 10 000 entries at most.
   * During a deployment, nodes may name other readers: one that has read within the last hour SHOULD count as well.
   * @param readers the names of all readers
   * @returns undefined when another node is the reader
   */
  readLog(
    partition: number,
    log: string,
    options: {
      readonly reader: string;
      readonly readers: readonly string[];
      readonly incarnation: string;
      readonly leaseMs: number;
      readonly max: number;
    },
  ): Promise<LogPart | undefined>;
  /** Leaves a note for the next one who reads it. @returns false when this node is not the reader: nothing is done */
  noteInLog(partition: number, log: string, reader: string, incarnation: string, note: string): Promise<boolean>;
  /** Goes past an entry and all before it, and takes the note away. @returns false as {@link noteInLog} */
  passInLog(partition: number, log: string, reader: string, incarnation: string, id: string): Promise<boolean>;

  /** Whether nobody has asked for this key within `ttlMs`. */
  isFirst(key: string, ttlMs: number): Promise<boolean>;
  /** Forgets a key. */
  forget(key: string): Promise<void>;

  /** Ends the connection. The host hears nothing more. */
  close(): Promise<void>;
}
