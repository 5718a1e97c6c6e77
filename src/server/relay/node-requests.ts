import { randomInt, randomUUID } from 'node:crypto';
import { DeliveryError } from '../../core/report.js';
import { isRecord } from '../../wire/is-record.js';
import type { ConnectionRequest } from '../departures.js';
import type { AppRelay } from './app-relay.js';
import type { TopicListener } from './listening.js';

/** How long the other nodes have to answer, in milliseconds. One that has died meanwhile does not. */
const ANSWER_MS = 2000;
/** Version of the form of a request. */
const VERSION = 1;
/** Everybody listens to it. */
const EVERYBODY = '!nodes';
const NODES = 'nodes';

/** The nodes have tags below this. A tag is the first part of the ids of the node's sockets. */
const MAX_TAG = 2 ** 20;
/** What follows the tag in the first half of a socket's id is below this. */
const MAX_REST = 2 ** 27;

/**
 * Makes a tag for a node. Two nodes that happen to have the same both get what is for one of them, which does no harm.
 */
export function newNodeTag(): number {
  return randomInt(1, MAX_TAG);
}

/** Makes the first half of a socket's id, which tells its node. */
export function taggedHalf(tag: number): number {
  return tag * MAX_REST + randomInt(MAX_REST);
}

function tagOf(socketId: string): number {
  return Math.floor(Number.parseInt(socketId, 10) / MAX_REST);
}

/** Asks the nodes of an application to do something with their connections, and does what others ask for. */
export class NodeRequests {
  readonly #relay: AppRelay;
  readonly #tag: number;
  readonly #perform: (request: ConnectionRequest) => number;
  /** Those that wait for answers, by their ids. */
  readonly #asking = new Map<string, (count: number) => void>();

  /** @param perform does it on this node, and returns how many connections it was for; must not throw */
  constructor(relay: AppRelay, tag: number, perform: (request: ConnectionRequest) => number) {
    this.#relay = relay;
    this.#tag = tag;
    this.#perform = perform;
  }

  /** Takes requests and answers from now on. @param isServing whether this node has connections */
  async open(isServing: boolean): Promise<void> {
    const { node } = this.#relay;
    const mine = node.listen(this.#relay.topicOf(ownTopic(this.#tag)), this.#listener);
    if (!isServing) return mine;
    await Promise.all([mine, node.listen(this.#relay.topicOf(EVERYBODY), this.#listener)]);
    await this.#relay.hold(EVERYBODY, NODES, String(this.#tag), { weight: 1 });
  }

  /**
   * Has all nodes do something.
   * @returns for how many connections it was done, on all that have answered in time
   * @throws DeliveryError when other nodes could not be asked. On this node it is done all the same
   */
  async ask(request: ConnectionRequest): Promise<number> {
    // Nobody here waits for a relay that is away.
    const isThere = this.#relay.node.isThere;
    const here = isThere ? 0 : this.#perform(request);
    try {
      return here + (await this.#askAll(request));
    } catch (error) {
      if (isThere) this.#perform(request);
      throw ofOthers(error);
    }
  }

  async #askAll(request: ConnectionRequest): Promise<number> {
    const { node } = this.#relay;
    const [nodes] = await node.connection.figures([{ topic: this.#relay.topicOf(EVERYBODY), set: NODES }]);
    let missing = nodes?.items ?? 0;
    // A relay that has lost its memory does not even know of this node.
    if (missing === 0) return this.#perform(request);
    const id = randomUUID();
    let sum = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asking.set(id, (count) => {
      sum += count;
      if (--missing === 0) resolve();
    });
    const timer = setTimeout(resolve, ANSWER_MS).unref();
    try {
      await this.#publish(EVERYBODY, { id, from: this.#tag, request });
      await promise;
    } finally {
      clearTimeout(timer);
      this.#asking.delete(id);
    }
    return sum;
  }

  /** Has the node of a socket do something, and does not wait for it. */
  tell(socketId: string, request: ConnectionRequest): void {
    this.#publish(ownTopic(tagOf(socketId)), { request }).catch((err: unknown) => {
      const text = 'websocket: the node of a connection could not be told whose it is, so a log-out may not find it';
      this.#relay.warn({ err }, text);
    });
  }

  #publish(name: string, message: object): Promise<void> {
    const payload = Buffer.from(JSON.stringify({ version: VERSION, ...message }));
    return this.#relay.node.publish({ topic: this.#relay.topicOf(name), payload });
  }

  readonly #listener: TopicListener = {
    message: (payload) => this.#take(payload),
    changed: () => {},
    missed: () => {},
  };

  #take(payload: Uint8Array): void {
    const message = parsed(payload);
    if (message?.['version'] !== VERSION) {
      const text =
        'websocket: a node of another version asks for what this one does not know, and it is not done here. Update this node';
      this.#relay.warn({ version: String(message?.['version'] ?? 'unknown') }, text);
      return;
    }
    const { id, from, request, count } = message;
    if (typeof id === 'string' && typeof count === 'number') this.#asking.get(id)?.(count);
    if (!isRecord(request)) return;
    const done = this.#perform(request as ConnectionRequest);
    // Whoever asked is told by nobody else that the relay has failed: it stops waiting in time.
    if (typeof id === 'string' && typeof from === 'number')
      this.#publish(ownTopic(from), { id, count: done }).catch(() => {});
  }
}

/** The error of a request that was done on this node alone. */
function ofOthers(cause: unknown): unknown {
  if (!(cause instanceof DeliveryError)) return cause;
  const { outcome, retryable } = cause;
  const text = `It was done on this node. Others could not be asked, so do it again later: ${cause.message}`;
  return new DeliveryError(text, { backend: 'websocket', outcome, retryable, cause });
}

function ownTopic(tag: number): string {
  return `!node/${tag}`;
}

function parsed(payload: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const message: unknown = JSON.parse(Buffer.from(payload).toString());
    return isRecord(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
