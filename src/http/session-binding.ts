import { askInTime } from '../core/ask-in-time.js';
import type { Logger } from '../core/logger.js';
import type { Places } from '../core/places.js';
import type { PushSession, SessionStore } from '../sessions/adapter.js';
import { REMOVAL_KEPT_MS } from '../sessions/session-data.js';

/** A session bound to its user: what is sent to the user reaches the session. */
export interface Binding {
  readonly session: PushSession;
  /** The user in the form that the session adapter takes. */
  readonly user: unknown;
  /** Lifetime of the binding, in milliseconds. */
  readonly ttl: number;
}

/** The store of bindings, and its limits. */
export interface BindingContext {
  readonly store: SessionStore<unknown>;
  /** Deadline of one call of the store, in milliseconds. */
  readonly timeout: number;
  readonly logger: Logger;
  /** The renewals of all requests that wait for the store. */
  readonly renewals: Places;
}

/**
 * Keeps a session store up to date with the binding of one request's session. The changes run one after the other;
 * failures are logged.
 */
export class SessionBinding {
  readonly #context: BindingContext;
  #current: Binding | undefined;
  /** Rejects when the current binding could not be stored. Undefined until this request has passed it to the store. */
  #stored: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();
  #changes = 0;
  readonly #begunAt: number = performance.now();

  /** @param current the binding that earlier requests have stored */
  constructor(context: BindingContext, current: Binding | undefined) {
    this.#context = context;
    this.#current = current;
  }

  /** Replaces the binding. A binding that is stored already is renewed, once a request. */
  replace(binding: Binding | undefined): void {
    const { store } = this.#context;
    const before = this.#current;
    const isNew = !isSame(before, binding);
    if (before !== undefined && isNew) {
      const { user, session } = before;
      void this.#change('a session could not be unbound from its user, and goes on receiving until it expires', () =>
        store.remove(user, session.channelId),
      );
      this.#stored = undefined;
    }
    if (binding !== undefined && (isNew || (this.#stored === undefined && !this.#isOld))) {
      const { user, session, ttl } = binding;
      // A request that renews has loaded its session some time ago. A log-out may have come in between.
      const options = isNew ? { ttl } : { ttl, unlessRemoved: true };
      const add = (): Promise<unknown> => store.add(user, session.channelId, options);
      const failure = 'a session could not be bound to its user, and does not receive what is sent to the user';
      this.#stored = isNew ? this.#change(failure, add) : this.#renewal(failure, add);
    }
    this.#current = binding;
  }

  /**
   * Resolves when all changes have ended; undefined when none is under way. It never rejects. A renewal is not a
   * change.
   */
  get pending(): Promise<void> | undefined {
    return this.#changes > 0 ? this.#last : undefined;
  }

  /** Resolves when the store has the binding. @throws whatever the store threw, or TimeoutError */
  async stored(): Promise<void> {
    await this.#stored;
  }

  /** Whether the store may have forgotten a removal that this request has missed. Then the next request renews. */
  get #isOld(): boolean {
    return performance.now() - this.#begunAt > REMOVAL_KEPT_MS / 2;
  }

  #change(failure: string, work: () => Promise<unknown>): Promise<void> {
    this.#changes++;
    const done = this.#run(failure, work);
    this.#last = this.#last.finally(() => this.#changes--);
    return done;
  }

  /**
   * Renews the binding, unless the renewals of many other requests wait for the store: the next request does it too.
   */
  #renewal(failure: string, work: () => Promise<unknown>): Promise<void> {
    const { renewals, logger } = this.#context;
    const leave = renewals.take();
    if (leave === undefined) {
      logger.warn({}, 'sessions were not renewed, because so many renewals are waiting for the session adapter');
      return Promise.resolve();
    }
    const done = this.#run(failure, work);
    done.then(leave, leave);
    return done;
  }

  #run(failure: string, work: () => Promise<unknown>): Promise<void> {
    const { timeout, logger, renewals } = this.#context;
    const done = this.#last.then(async () => {
      // Look-ups may be answered where changes are not, such as by a replica of Redis. So changes are counted alone.
      await askInTime(renewals, async () => work(), timeout, { missing: 'The session adapter did not answer' });
    });
    this.#last = done.catch((error: unknown) => logger.error({ err: error }, failure));
    return done;
  }
}

function isSame(one: Binding | undefined, other: Binding | undefined): boolean {
  return one?.session.channelId === other?.session.channelId && one?.session.userId === other?.session.userId;
}
