import { setTimeout as wait } from 'node:timers/promises';
import { LightClient } from '../wire/light-client.ts';
import { benchMember, type Hearer, type PresenceDialectName, presenceDialects } from '../wire/presence-dialects.ts';
import { answer } from './answer.ts';

/** Connections being opened at once: fewer than the server's backlog holds. */
const OPENING_AT_ONCE = 100;
/** Longest wait for what the members hear, in milliseconds. */
const PATIENCE_MS = 60_000;
/** A process full of clients that join one presence channel. */
export interface PresenceClientCommands {
  /** Opens connections, which may join then. @param to.from the number of the first user. @default 0 */
  connect(to: { port: number; dialect: PresenceDialectName; count: number; from?: number }): Promise<void>;
  /**
   * Lets all join, and waits until each knows all members.
   * @param how all at once, or each when the one before has the list of the members
   * @param members how many there will be, those of other processes too. @default the clients of this one
   * @returns bytes that they got meanwhile
   */
  join(how: 'at once' | 'in turn', members?: number): Promise<number>;
  /** Lets the first ones leave, and waits until the others know. */
  part(count: number): Promise<void>;
  /** Lets the others leave. */
  leave(): Promise<void>;
}

class BenchClient implements Hearer {
  readonly line: LightClient;
  known = 0;
  gone = 0;
  readonly #isListed = Promise.withResolvers<void>();
  #join = '';

  constructor(port: number, dialect: PresenceDialectName, index: number) {
    const onJoin = (text: string): void => {
      this.#join = text;
    };
    this.line = new LightClient(port, presenceDialects[dialect].of(benchMember(index), this, onJoin), () => undefined);
  }

  /** Resolves when it has the list. */
  async join(): Promise<void> {
    this.line.send(this.#join);
    await this.#isListed.promise;
  }

  listed(count: number): void {
    this.known += count;
    this.#isListed.resolve();
    note();
  }

  added(): void {
    this.known++;
    note();
  }

  removed(): void {
    this.gone++;
    note();
  }
}

const clients: BenchClient[] = [];
let heard = 0;

function note(): void {
  heard++;
}

async function until(what: string, countOf: (client: BenchClient) => number, count: number): Promise<void> {
  const patience = performance.now() + PATIENCE_MS;
  let heardBefore = -1;
  for (;;) {
    if (heard !== heardBefore && clients.every((client) => countOf(client) >= count)) break;
    heardBefore = heard;
    if (performance.now() > patience) throw new Error(`Within ${PATIENCE_MS} ms not all have heard of ${what}.`);
    await wait(5);
  }
  const wrong = clients.find((client) => countOf(client) !== count);
  if (wrong !== undefined) throw new Error(`A client heard of ${countOf(wrong)} ${what} of ${count}.`);
}

answer<PresenceClientCommands>({
  async connect({ port, dialect, count, from = 0 }) {
    for (let opened = 0; opened < count; opened += OPENING_AT_ONCE) {
      const size = Math.min(OPENING_AT_ONCE, count - opened);
      const batch = Array.from({ length: size }, (_, index) => new BenchClient(port, dialect, from + opened + index));
      clients.push(...batch);
      await Promise.all(batch.map(({ line }) => line.ready));
    }
  },
  async join(how, members = clients.length) {
    const bytesOf = (): number => clients.reduce((sum, { line }) => sum + line.bytes, 0);
    const before = bytesOf();
    for (const client of clients) {
      const listed = client.join();
      if (how === 'in turn') await listed;
    }
    await until('members', ({ known }) => known, members);
    return bytesOf() - before;
  },
  async part(count) {
    const leaving = clients.splice(0, count);
    await Promise.all(leaving.map(({ line }) => line.leave()));
    await until('leaves', ({ gone }) => gone, count);
  },
  async leave() {
    await Promise.all(clients.splice(0).map(({ line }) => line.leave()));
  },
});
