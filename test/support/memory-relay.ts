import { randomUUID } from 'node:crypto';
import { DeliveryError } from '../../src/core/report.js';
import type {
  KeptMessage,
  LogEntry,
  LogPart,
  Relay,
  RelayConnection,
  RelayHost,
  RelayMessage,
  SetFigures,
  SetState,
  Share,
  ShareChange,
  ShareResult,
  TopicPage,
  Update,
} from '../../src/server/relay/relay.js';

/** Shares in one step of an eviction, topics in one page of a list, and entries that a log keeps. */
const SLICE = 200;
const PAGE = 500;
const MAX_ENTRIES = 10_000;

type HeldShare = Share & Pick<ShareChange, 'isTold' | 'isWeightTold'>;

interface Item {
  value: string;
  /** By incarnations. */
  readonly shares: Map<string, HeldShare>;
}

interface MemorySet {
  readonly items: Map<string, Item>;
  version: number;
}

interface Reader {
  incarnation: string | undefined;
  ends: number;
  /** Number of the last entry that it has gone past. */
  position: number;
  note: string | undefined;
}

interface Log {
  entries: { readonly id: string; readonly text: string }[];
  /** Number of entries that there have ever been. */
  count: number;
  readonly readers: Map<string, Reader>;
}

/** A set before the changes of one step. */
interface Before {
  readonly topic: string;
  readonly set: string;
  readonly values: ReadonlyMap<string, string>;
  readonly figures: SetFigures;
  readonly version: number;
  isTold: boolean;
  isWeightTold: boolean;
}

/** What is in one partition. */
class Partition {
  /** Incarnations, and when their lease ends. */
  readonly nodes: Map<string, number> = new Map();
  /** Those that are being evicted. */
  readonly ended: Set<string> = new Set();
  /** By topic and set. */
  readonly sets: Map<string, MemorySet> = new Map();
  readonly gone: Map<string, number> = new Map();
  readonly logs: Map<string, Log> = new Map();
  readonly kept: Map<string, { readonly payload: Uint8Array; readonly ends: number }> = new Map();
  readonly firsts: Map<string, number> = new Map();
  /** Grows also when all the rest is lost. */
  #version: () => number;
  #publish: (topic: string, tell: (host: RelayHost) => void) => void;
  #open = new Map<string, Before>();

  constructor(version: () => number, publish: (topic: string, tell: (host: RelayHost) => void) => void) {
    this.#version = version;
    this.#publish = publish;
  }

  figuresOf(topic: string, set: string): SetFigures {
    const items = this.sets.get(`${topic}\0${set}`)?.items ?? new Map<string, Item>();
    return { items: items.size, weight: total([...items.values()].flatMap(({ shares }) => [...shares.values()])) };
  }

  change(incarnation: string, change: ShareChange): ShareResult {
    const { topic, set, item, share, maxItems = Infinity, maxWeight = Infinity } = change;
    const name = `${topic}\0${set}`;
    const before = this.#begin(topic, set);
    const its = this.sets.get(name) ?? { items: new Map<string, Item>(), version: before.version };
    const found = its.items.get(item);
    const held = found?.shares.get(incarnation);
    const result = (of: Partial<ShareResult>): ShareResult => {
      const figures = this.figuresOf(topic, set);
      return { isRefused: false, isNew: false, isGone: false, ...of, figures };
    };
    if (share === undefined && held === undefined) return result({});
    const { weight } = this.figuresOf(topic, set);
    if (share !== undefined) {
      const more = share.weight - (held?.weight ?? 0);
      if (found === undefined && its.items.size >= maxItems) return result({ isRefused: true });
      if (more > 0 && weight + more > maxWeight) return result({ isRefused: true });
    }
    before.isTold ||= change.isTold === true;
    before.isWeightTold ||= change.isWeightTold === true;
    this.sets.set(name, its);
    if (share === undefined) {
      found?.shares.delete(incarnation);
      if (found === undefined || found.shares.size > 0) return result({});
      its.items.delete(item);
      this.append(held?.onLeft);
      return result({ isGone: true });
    }
    const mine = { ...share, isTold: change.isTold, isWeightTold: change.isWeightTold };
    const { value = '' } = share;
    if (found === undefined) {
      its.items.set(item, { value, shares: new Map([[incarnation, mine]]) });
      this.append(share.onCame);
      return result({ isNew: true });
    }
    found.shares.delete(incarnation);
    if (total([...found.shares.values()]) === 0 && found.value !== value) {
      its.items.delete(item);
      found.value = value;
      its.items.set(item, found);
    }
    found.shares.set(incarnation, mine);
    return result({});
  }

  #begin(topic: string, set: string): Before {
    const name = `${topic}\0${set}`;
    const before = this.#open.get(name);
    if (before !== undefined) return before;
    const found = this.sets.get(name);
    const values = new Map([...(found?.items ?? [])].map(([item, { value }]) => [item, value]));
    const version = found?.version ?? this.gone.get(name) ?? 0;
    const figures = this.figuresOf(topic, set);
    const made = { topic, set, values, version, figures, isTold: false, isWeightTold: false };
    this.#open.set(name, made);
    return made;
  }

  /** Ends a step: numbers and tells what has become of the sets. */
  settle(): void {
    for (const [name, { topic, set, values, figures, version, isTold, isWeightTold }] of this.#open) {
      const its = this.sets.get(name);
      if (its === undefined) continue;
      const left = [...values].filter(([item, value]) => its.items.get(item)?.value !== value).map(([item]) => item);
      const came = [...its.items]
        .filter(([item, { value }]) => values.get(item) !== value)
        .map(([item, { value }]) => ({ item, value }));
      const { weight } = this.figuresOf(topic, set);
      const isChanged = left.length > 0 || came.length > 0 || (isWeightTold && weight !== figures.weight);
      if (isChanged) {
        its.version = this.#version();
        const change = { set, previous: version, version: its.version, weight, left, came };
        if (isTold || isWeightTold) this.#publish(topic, (host) => host.changed(topic, change));
      }
      if (its.items.size > 0) continue;
      this.sets.delete(name);
      this.gone.set(name, its.version);
      this.firsts.delete(`\0${topic}`);
    }
    this.#open.clear();
  }

  append(entry: LogEntry | undefined): void {
    if (entry === undefined) return;
    const log = this.log(entry.log);
    log.entries.push({ id: String(++log.count), text: entry.text });
    if (log.entries.length > MAX_ENTRIES) log.entries.shift();
  }

  log(name: string): Log {
    const log = this.logs.get(name) ?? { entries: [], count: 0, readers: new Map() };
    this.logs.set(name, log);
    return log;
  }

  isFirst(key: string, ms: number, now: number): boolean {
    if ((this.firsts.get(key) ?? 0) > now) return false;
    this.firsts.set(key, now + ms);
    return true;
  }
}

function total(shares: readonly Share[]): number {
  return shares.reduce((sum, { weight }) => sum + weight, 0);
}

/** What relays in one process share: the place of Redis. */
export class RelayHub {
  readonly partitions: number;
  readonly connections: Set<MemoryConnection> = new Set();
  /** Names what it remembers. */
  memory = '';
  #parts: readonly Partition[] = [];
  #version = 0;

  constructor(partitions = 1) {
    this.partitions = partitions;
    this.forgetEverything();
  }

  /** Loses its memory, as a Redis that is emptied. */
  forgetEverything(): void {
    this.memory = randomUUID();
    this.#parts = Array.from({ length: this.partitions }, (_, partition) => {
      const publish = (topic: string, tell: (host: RelayHost) => void) => this.publish(partition, topic, tell);
      return new Partition(() => ++this.#version, publish);
    });
  }

  /** Lets the leases of all nodes end, as if they had been frozen. */
  endLeases(): void {
    for (const { nodes } of this.#parts) for (const name of nodes.keys()) nodes.set(name, 0);
  }

  part(partition: number): Partition {
    const part = this.#parts[partition];
    if (part === undefined) throw new RangeError(`There is no partition ${partition}.`);
    return part;
  }

  publish(_partition: number, topic: string, tell: (host: RelayHost) => void): void {
    for (const connection of this.connections) connection.hear(topic, tell);
  }

  get now(): number {
    return performance.now();
  }
}

/** A relay in memory, of one node or of several, that can be cut off from its hub. */
export class MemoryRelay implements Relay {
  readonly name = 'memory';
  readonly hub: RelayHub;
  /** Whether what is asked is done, and the answer is lost. */
  losesAnswers = false;
  /** How long a call takes to the hub, in milliseconds. 0: some steps of this process. */
  delayMs = 0;
  /** Names of the calls that were made, in their order. */
  readonly calls: string[] = [];
  #isCut = false;
  readonly #connections = new Set<MemoryConnection>();

  constructor(hub: RelayHub = new RelayHub()) {
    this.hub = hub;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  async connect(host: RelayHost): Promise<RelayConnection> {
    if (this.#isCut) throw failed('rejected');
    const connection = new MemoryConnection(this, host, () => this.#connections.delete(connection));
    this.#connections.add(connection);
    return connection;
  }

  /** From now on nothing reaches the hub, nor comes from it. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    for (const connection of this.#connections) connection.cut();
  }

  /** Ends it. */
  mend(): void {
    if (!this.#isCut) return;
    this.#isCut = false;
    for (const connection of this.#connections) connection.mend();
  }
}

function failed(outcome: 'rejected' | 'unknown'): DeliveryError {
  return new DeliveryError('The memory relay is cut off.', { outcome, retryable: true });
}

class MemoryConnection implements RelayConnection {
  readonly partitions: number;
  readonly #relay: MemoryRelay;
  readonly #host: RelayHost;
  readonly #topics = new Set<string>();
  /** What is under way to this node. */
  #inbox: (() => void)[] = [];
  /** Ends those who wait for what is under way. */
  readonly #waiting = new Set<(error: Error) => void>();
  readonly #ended: () => void;
  #deafSince = 0;
  #isClosed = false;

  constructor(relay: MemoryRelay, host: RelayHost, ended: () => void) {
    this.#relay = relay;
    this.#host = host;
    this.#ended = ended;
    this.partitions = relay.hub.partitions;
    relay.hub.connections.add(this);
  }

  get #all(): number[] {
    return Array.from({ length: this.partitions }, (_, number) => number);
  }

  cut(): void {
    this.#relay.hub.connections.delete(this);
    this.#inbox = [];
    for (const reject of this.#waiting) reject(failed('unknown'));
    this.#deafSince = Date.now();
    this.#host.deaf(this.#all, this.#deafSince);
  }

  mend(): void {
    this.#relay.hub.connections.add(this);
    this.#host.hearing(this.#all, this.#deafSince);
  }

  /** Takes what was published to a topic, and hands it over a little later. */
  hear(topic: string, tell: (host: RelayHost) => void): void {
    if (!this.#topics.has(topic)) return;
    this.#later(() => {
      if (this.#topics.has(topic)) tell(this.#host);
    });
  }

  #later(work: () => void): void {
    this.#inbox.push(work);
    if (this.#inbox.length > 1) return;
    setImmediate(() => {
      for (const each of this.#inbox) if (!this.#isClosed) each();
      this.#inbox = [];
    });
  }

  /** Does something at the hub, where it is one step. */
  async #ask<Answer>(call: string, work: (hub: RelayHub) => Answer): Promise<Answer> {
    this.#relay.calls.push(call);
    const { delayMs } = this.#relay;
    await new Promise<void>((resolve) => {
      if (delayMs > 0) setTimeout(resolve, delayMs);
      else queueMicrotask(resolve);
    });
    if (this.#isClosed || this.#relay.isCut) throw failed('rejected');
    const answer = work(this.#relay.hub);
    if (this.#relay.losesAnswers) throw failed('unknown');
    await null;
    return answer;
  }

  partitionOf(topic: string): number {
    let sum = 0;
    for (const unit of topic) sum = (sum * 31 + (unit.codePointAt(0) ?? 0)) % 65_521;
    return sum % this.partitions;
  }

  #partOf(hub: RelayHub, topic: string): Partition {
    return hub.part(this.partitionOf(topic));
  }

  async listen(_partition: number, topics: readonly string[]): Promise<void> {
    await this.#ask('listen', () => {
      for (const topic of topics) this.#topics.add(topic);
    });
  }

  async leave(_partition: number, topics: readonly string[]): Promise<void> {
    for (const topic of topics) this.#topics.delete(topic);
    await this.#ask('leave', () => {});
  }

  publish(partition: number, incarnation: string | undefined, messages: readonly RelayMessage[]): Promise<boolean> {
    return this.#ask('publish', (hub) => {
      const part = hub.part(partition);
      if (incarnation !== undefined && !part.nodes.has(incarnation)) return false;
      for (const { topic, payload: given, keepMs, entry } of messages) {
        const payload = Buffer.from(given);
        if (keepMs !== undefined) {
          part.kept.set(topic, { payload, ends: hub.now + keepMs });
          part.firsts.delete(`\0${topic}`);
        }
        part.append(entry);
        hub.publish(partition, topic, (host) => host.message(topic, payload));
      }
      return true;
    });
  }

  register(partition: number, leaseMs: number): Promise<string> {
    return this.#ask('register', (hub) => {
      const incarnation = randomUUID();
      hub.part(partition).nodes.set(incarnation, hub.now + leaseMs);
      return incarnation;
    });
  }

  async update(
    partition: number,
    incarnation: string,
    leaseMs: number,
    changes: readonly ShareChange[],
  ): Promise<Update | undefined> {
    const { promise: heard, resolve, reject } = Promise.withResolvers<void>();
    const update = await this.#ask('update', (hub) => {
      const part = hub.part(partition);
      if (!part.nodes.has(incarnation)) return undefined;
      part.nodes.set(incarnation, hub.now + leaseMs);
      const results = changes.map((change) => part.change(incarnation, change));
      part.settle();
      const lasting = [...part.nodes].filter(([, ends]) => ends > hub.now).map(([name]) => name);
      const expired = [...[...part.nodes.keys()].filter((name) => !lasting.includes(name)), ...part.ended];
      this.#later(resolve);
      this.#waiting.add(reject);
      return { results, expired, nodes: lasting.length, memory: hub.memory };
    });
    if (update === undefined) return undefined;
    await heard.finally(() => this.#waiting.delete(reject));
    return update;
  }

  evict(
    partition: number,
    incarnation: string,
    { isOwn = false }: { readonly isOwn?: boolean } = {},
  ): Promise<boolean> {
    return this.#ask('evict', (hub) => {
      const part = hub.part(partition);
      const ends = part.nodes.get(incarnation);
      if (ends !== undefined && ends > hub.now && !isOwn) return false;
      part.nodes.delete(incarnation);
      part.ended.add(incarnation);
      let count = 0;
      for (const isLast of [false, true]) {
        for (const [name, { items }] of [...part.sets]) {
          const [topic = '', set = ''] = name.split('\0');
          for (const [item, { shares }] of [...items]) {
            const held = shares.get(incarnation);
            if (held === undefined || (held.leavesLast ?? false) !== isLast || count++ >= SLICE) continue;
            const { isTold, isWeightTold } = held;
            part.change(incarnation, { topic, set, item, share: undefined, isTold, isWeightTold });
          }
        }
      }
      part.settle();
      if (count <= SLICE) part.ended.delete(incarnation);
      return count > SLICE;
    });
  }

  read(topic: string, set: string): Promise<SetState> {
    return this.#ask('read', (hub) => {
      const part = this.#partOf(hub, topic);
      const found = part.sets.get(`${topic}\0${set}`);
      const items = [...(found?.items ?? [])].map(([item, { value }]) => ({ item, value }));
      return { version: found?.version ?? part.gone.get(`${topic}\0${set}`) ?? 0, items };
    });
  }

  figures(sets: readonly { readonly topic: string; readonly set: string }[]): Promise<readonly SetFigures[]> {
    return this.#ask('figures', (hub) => sets.map(({ topic, set }) => this.#partOf(hub, topic).figuresOf(topic, set)));
  }

  list(partition: number, set: string, prefix: string, cursor?: string): Promise<TopicPage> {
    return this.#ask('list', (hub) => {
      const part = hub.part(partition);
      const names = [...part.sets.keys()].map((name) => name.split('\0') as [topic: string, set: string]);
      const topics = names.filter(([topic, its]) => its === set && topic.startsWith(prefix)).map(([topic]) => topic);
      topics.sort();
      const rest = cursor === undefined ? topics : topics.filter((topic) => topic > cursor);
      const page = rest.slice(0, PAGE);
      return {
        topics: page.map((topic) => ({ topic, ...part.figuresOf(topic, set) })),
        cursor: rest.length > PAGE ? page.at(-1) : undefined,
      };
    });
  }

  kept(topic: string, missMs?: number): Promise<KeptMessage> {
    return this.#ask('kept', (hub) => {
      const part = this.#partOf(hub, topic);
      const found = part.kept.get(topic);
      if (found !== undefined && found.ends > hub.now)
        return { payload: found.payload, ttlMs: Math.ceil(found.ends - hub.now) };
      return { payload: undefined, isFirst: missMs !== undefined && part.isFirst(`\0${topic}`, missMs, hub.now) };
    });
  }

  readLog(
    partition: number,
    name: string,
    { reader, readers, incarnation, leaseMs, max }: Parameters<RelayConnection['readLog']>[2],
  ): Promise<LogPart | undefined> {
    return this.#ask('readLog', (hub) => {
      const part = hub.part(partition);
      if (!part.nodes.has(incarnation)) return undefined;
      const log = part.log(name);
      for (const each of readers)
        if (!log.readers.has(each))
          log.readers.set(each, {
            incarnation: undefined,
            ends: 0,
            position: log.count - log.entries.length,
            note: undefined,
          });
      const mine = log.readers.get(reader);
      if (mine === undefined) return undefined;
      const isOthers = mine.incarnation !== undefined && mine.incarnation !== incarnation && mine.ends > hub.now;
      if (isOthers && part.nodes.has(mine.incarnation ?? '')) return undefined;
      const least = Math.min(...[...log.readers.values()].map(({ position }) => position));
      log.entries = log.entries.filter(({ id }) => Number(id) > least);
      const waiting = log.entries.filter(({ id }) => Number(id) > mine.position);
      mine.incarnation = waiting.length > 0 ? incarnation : undefined;
      mine.ends = hub.now + leaseMs;
      return { entries: waiting.slice(0, max), note: mine.note, waiting: waiting.length };
    });
  }

  noteInLog(partition: number, log: string, reader: string, incarnation: string, note: string): Promise<boolean> {
    return this.#ask('noteInLog', (hub) => {
      const mine = readerOf(hub.part(partition), log, reader, incarnation);
      if (mine !== undefined) mine.note = note;
      return mine !== undefined;
    });
  }

  passInLog(partition: number, log: string, reader: string, incarnation: string, id: string): Promise<boolean> {
    return this.#ask('passInLog', (hub) => {
      const mine = readerOf(hub.part(partition), log, reader, incarnation);
      if (mine === undefined) return false;
      mine.position = Math.max(mine.position, Number(id));
      mine.note = undefined;
      return true;
    });
  }

  isFirst(key: string, ttlMs: number): Promise<boolean> {
    return this.#ask('isFirst', (hub) => this.#partOf(hub, key).isFirst(key, ttlMs, hub.now));
  }

  async forget(key: string): Promise<void> {
    await this.#ask('forget', (hub) => this.#partOf(hub, key).firsts.delete(key));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#relay.hub.connections.delete(this);
    this.#ended();
  }
}

function readerOf(part: Partition, log: string, name: string, incarnation: string): Reader | undefined {
  const reader = part.logs.get(log)?.readers.get(name);
  return part.nodes.has(incarnation) && reader?.incarnation === incarnation ? reader : undefined;
}
