import type { Logger } from '../../../core/logger.js';
import type { CommandLink } from './lane.js';
import type { Link, LinkEvents } from './link.js';
import { NotSentError } from './plain-errors.js';
import type { Pulse } from './pulse.js';
import { StandingLink } from './standing-link.js';
import { isOfAnother, type Subscriptions } from './subscriptions.js';

/** A partition, as a server's connection for listening sees it. */
export interface Ear {
  readonly partition: number;
  readonly subscriptions: Subscriptions;
}

export interface RedisServerUser {
  readonly logger: () => Logger;
  /** The server in logs, such as `Redis` or `Redis at 10.0.0.1:6379`. */
  readonly label: string;
  dial(events: LinkEvents): Promise<Link>;
  /** Looks at a new connection for commands. What it throws ends the connection. */
  check(link: Link): Promise<void>;
  /**
   * Whether the server knows who has its partitions. One that is cut off from its Cluster answers as before, while
   * another one takes its place. Never rejects. @default it does
   */
  isSound?(link: Link): Promise<boolean>;
  message(channel: string, payload: Buffer): void;
  /** Another server has a partition, or more of them. */
  moved(): void;
  /** Nothing is heard of these partitions, since the time by `Date.now()`. */
  deaf(partitions: readonly number[], since: number): void;
  /** All is heard of these partitions. */
  hearing(partitions: readonly number[]): void;
  /** A connection was lost, or could not be made. */
  failed(reason: Error): void;
}

/** One Redis server, with a connection for commands and one for listening. Each is made anew when it is lost. */
export class RedisServer {
  readonly #user: RedisServerUser;
  readonly #ears = new Map<number, Ear>();
  readonly #commands: StandingLink;
  readonly #listening: StandingLink;
  #commandLink: CommandLink | undefined;
  /** The connection for listening, once it has begun to take partitions up. */
  #takingUp: Link | undefined;
  readonly #ready = Promise.withResolvers<void>();
  /** Whether the log says that it cannot be reached. */
  #isReported = false;

  constructor(user: RedisServerUser) {
    this.#user = user;
    const failed = (reason: Error): void => this.#failed(reason);
    const nothing = { message: () => {}, moved: () => {} };
    this.#commands = new StandingLink({
      dial: () => user.dial(nothing),
      opened: async (link, pulse) => {
        await user.check(link);
        this.#commandLink = { link, pulse, loaded: new Set() };
        this.#ready.resolve();
      },
      lost: (reason) => {
        this.#commandLink = undefined;
        failed(reason);
      },
      failed,
    });
    this.#listening = new StandingLink({
      dial: () => {
        let pulse: Pulse | undefined;
        const events: LinkEvents = {
          message: (channel, payload) => {
            // It is there before the first channel is.
            pulse ??= this.#listening.pulse;
            pulse?.heard();
            user.message(channel, payload);
          },
          moved: () => {
            // It does not say which ones. So all are taken up again, from whoever has them.
            this.#listening.renew(new Error('a slot has moved'));
            user.moved();
          },
        };
        return user.dial(events);
      },
      proves: async () => {
        if (user.isSound === undefined) return true;
        const link = this.commands?.link;
        return link !== undefined && (await user.isSound(link));
      },
      opened: async (link) => {
        if ((await user.isSound?.(link)) === false) throw new Error('the server is cut off from its Cluster');
        this.#takingUp = link;
        await this.#takeUp(link, [...this.#ears.values()]);
        this.#isReported = false;
      },
      lost: (reason, provenAt) => {
        this.#takingUp = undefined;
        const partitions = [...this.#ears.keys()];
        for (const { subscriptions } of this.#ears.values()) subscriptions.leave();
        user.deaf(partitions, provenAt);
        failed(reason);
      },
      failed,
    });
  }

  /** Resolves when commands can be sent for the first time. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** The connection for commands, while there is one. */
  get commands(): CommandLink | undefined {
    return this.#commandLink?.link.isOpen === true ? this.#commandLink : undefined;
  }

  /** Hears a partition from now on. `hearing` tells when. */
  async assign(ears: readonly Ear[]): Promise<void> {
    for (const ear of ears) this.#ears.set(ear.partition, ear);
    const link = this.#takingUp;
    // A connection that comes takes them up with all others.
    if (link?.isOpen !== true) return;
    try {
      await this.#takeUp(link, ears);
    } catch (error) {
      link.destroy(error as Error);
    }
  }

  /** Hears a partition no longer. @returns when the last proof began that it was heard */
  release(partition: number): number {
    const provenAt = this.#listening.pulse?.provenAt ?? Date.now();
    const subscriptions = this.#ears.get(partition)?.subscriptions;
    this.#ears.delete(partition);
    // It has not ended them itself, and would go on handing over what comes.
    if (subscriptions?.isTaken === true) this.#listening.renew(new Error('a slot has moved'));
    subscriptions?.leave();
    return provenAt;
  }

  /** Makes the connection for commands anew. Those that are under way get their answers before. */
  renewCommands(reason: Error): void {
    const link = this.#commandLink?.link;
    if (link === undefined) return;
    this.#commandLink = undefined;
    const end = (): void => link.destroy(reason);
    link.send(['PING']).then(end, end);
  }

  renewListening(reason: Error): void {
    this.#listening.renew(reason);
  }

  tick(ms: number): void {
    this.#commands.tick(ms);
    this.#listening.tick(ms);
  }

  async close(): Promise<void> {
    await Promise.all([this.#commands.close(), this.#listening.close()]);
  }

  async #takeUp(link: Link, ears: readonly Ear[]): Promise<void> {
    const heard: number[] = [];
    const taken = ears.map(async (ear) => {
      try {
        await ear.subscriptions.moveTo(link);
        if (this.#ears.get(ear.partition) === ear) heard.push(ear.partition);
      } catch (error) {
        if (!isOfAnother(error)) throw error;
        ear.subscriptions.leave();
        this.#user.moved();
      }
    });
    const [failure] = (await Promise.allSettled(taken)).filter((result) => result.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    if (!link.isOpen) throw new NotSentError();
    this.#user.hearing(heard);
  }

  #failed(reason: Error): void {
    this.#user.failed(reason);
    if (this.#isReported) return;
    this.#isReported = true;
    this.#user.logger().warn({ reason: reason.message }, `${this.#user.label} is not connected; trying again`);
  }
}
