import { TimeoutError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { untilAborted } from '../core/until-aborted.js';
import type { PushSession, SessionStore } from '../sessions/adapter.js';

/** A session that reaches its user. */
export interface Tie {
  readonly session: PushSession;
  /** The user as the session adapter takes it. */
  readonly user: unknown;
  /** In milliseconds. */
  readonly ttl: number;
}

/** How ties are carried out. */
export interface TieContext {
  readonly store: SessionStore<unknown>;
  /** How long the store may take for one of them, in milliseconds. */
  readonly timeout: number;
  readonly logger: Logger;
}

/** Tells a session store of the ties of one request's session, one after the other. What fails is logged. */
export class SessionTies {
  readonly #context: TieContext;
  #held: Tie | undefined;
  /** Rejects when the tie in use could not be made. Undefined until this request has told the store of it. */
  #made: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #changes = 0;

  /** @param held what earlier requests have told the store */
  constructor(context: TieContext, held: Tie | undefined) {
    this.#context = context;
    this.#held = held;
  }

  /** From now on there is this tie and no other. One that the store has got already is renewed, once a request. */
  hold(tie: Tie | undefined): void {
    const { store } = this.#context;
    const before = this.#held;
    const isNew = !isSame(before, tie);
    if (before !== undefined && isNew) {
      const { user, session } = before;
      void this.#change(
        'a session could not be untied from its user, and goes on receiving until its time is over',
        () => store.remove(user, session.channelId),
      );
      this.#made = undefined;
    }
    if (tie !== undefined && (isNew || this.#made === undefined)) {
      const { user, session, ttl } = tie;
      const make = (): Promise<unknown> => store.add(user, session.channelId, { ttl });
      const failure = 'a session could not be tied to its user, and does not receive what is sent to the user';
      this.#made = isNew ? this.#change(failure, make) : this.#carryOut(failure, make);
    }
    this.#held = tie;
  }

  /** The changes that are not carried out yet, as a promise that does not reject. Renewals are none. */
  get pending(): Promise<void> | undefined {
    return this.#changes > 0 ? this.#last : undefined;
  }

  /** Resolves when the store has got the tie. @throws whatever the store threw, or TimeoutError */
  async made(): Promise<void> {
    await this.#made;
  }

  #change(failure: string, work: () => Promise<unknown>): Promise<void> {
    this.#changes++;
    const done = this.#carryOut(failure, work);
    this.#last = this.#last.finally(() => this.#changes--);
    return done;
  }

  #carryOut(failure: string, work: () => Promise<unknown>): Promise<void> {
    const { timeout, logger } = this.#context;
    const done = this.#last.then(async () => {
      await untilAborted(work(), AbortSignal.timeout(Math.ceil(timeout)), () => {
        return new TimeoutError(`The session adapter did not answer within ${timeout} ms.`);
      });
    });
    this.#last = done.catch((error: unknown) => logger.error({ err: error }, failure));
    return done;
  }
}

function isSame(one: Tie | undefined, other: Tie | undefined): boolean {
  return one?.session.channelId === other?.session.channelId && one?.session.userId === other?.session.userId;
}
