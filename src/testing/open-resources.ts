import { AsyncLocalStorage, createHook } from 'node:async_hooks';

interface Opened {
  readonly kind: string;
  readonly resource: object;
}

/**
 * What some work opens that keeps the process from ending: sockets, servers, timers, whoever else opens some meanwhile.
 * Source: https://nodejs.org/api/async_hooks.html
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

  /** Watches what this work opens, now and later. */
  async watch(work: () => Promise<void>): Promise<void> {
    this.#hook.enable();
    await this.#work.run(true, work);
  }

  /** What is open, by Node's names; not what lets the process end, such as a connection that is kept for later. */
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
