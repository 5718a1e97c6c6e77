import { AsyncLocalStorage, createHook } from 'node:async_hooks';

interface Opened {
  readonly kind: string;
  readonly resource: object;
}

/**
 * Records what some work opens and leaves open, such as sockets, servers and timers. Resources that others open
 * meanwhile do not count. Source: https://nodejs.org/api/async_hooks.html
 */
export class OpenResources {
  readonly #work = new AsyncLocalStorage<boolean>();
  readonly #opened = new Map<number, Opened>();
  readonly #hook = createHook({
    init: (id, kind, _trigger, resource) => {
      if (this.#work.getStore() === true) this.#opened.set(id, { kind, resource });
    },
    destroy: (id) => void this.#opened.delete(id),
  });

  /** Runs the work and records what it opens, now and later. */
  async watch(work: () => Promise<void>): Promise<void> {
    this.#hook.enable();
    await this.#work.run(true, work);
  }

  /**
   * Node's names of the resources that keep the process from ending. A kept connection that lets it end does not count.
   */
  get kinds(): readonly string[] {
    return [...this.#opened.values()].flatMap(({ kind, resource }) => (keepsProcess(resource) ? [kind] : []));
  }

  end(): void {
    this.#hook.disable();
  }
}

function keepsProcess(resource: object): boolean {
  return 'hasRef' in resource && typeof resource.hasRef === 'function' && Boolean(resource.hasRef());
}
