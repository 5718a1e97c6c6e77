import assert from 'node:assert/strict';
import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { type CaseDefinition, failureOf, type Trial } from '../trial.js';
import { SHORT_TIMEOUT_MS, withoutFault } from './failures.js';

export const closingCases: readonly CaseDefinition[] = [
  {
    name: 'can be closed twice, and before it was used',
    async check(trial) {
      const { push, backend } = trial;
      await push.ready();
      await push.close();
      await backend.close();
      await push.close();
    },
  },
  {
    name: 'finishes sends in progress when it is closed, and sends nothing afterwards',
    async check(trial) {
      const channel = await trial.channel();
      const { event } = trial;
      const sending = trial.sendTo(channel, 'in time');
      const closing = trial.push.close();
      const sent = await sending;
      await closing;
      const late = (): unknown => trial.push.send({ channels: channel, event, data: 'too late' });
      await failureOf('a send after close()', late, 'CONFIGURATION');
      await trial.arrived([sent]);
    },
  },
  {
    name: 'can be used by another service after close',
    async check(trial) {
      const { push, backend } = trial;
      await push.ready();
      await push.close();
      const disconnect = backend.connect({ receive: () => {}, logger: console });
      disconnect();
    },
  },
  {
    name: 'leaves nothing open in the process after close',
    check: (trial) =>
      leavesNothing(trial, async () => {
        const [channel, { push, event, capabilities, subject }] = [trial.nameOf(1), trial];
        await push.ready();
        await push.send({ channels: channel, event, data: 1 });
        if (capabilities.subscribe && subject.delivers !== false) await push.subscribe(channel);
        await push.close();
      }),
  },
  {
    name: 'leaves nothing open in the process when it is closed while the provider does not answer',
    lacks: (trial) => withoutFault(trial, 'hang'),
    check: (trial) =>
      leavesNothing(trial, async () => {
        const { push, event } = trial;
        await push.ready();
        trial.subject.faults?.hang?.();
        const message = { channels: trial.nameOf(1), event, data: 1, timeout: SHORT_TIMEOUT_MS };
        const sending = failureOf('a send without an answer', () => push.send(message), 'DELIVERY');
        await push.close();
        await sending;
      }),
  },
];

async function leavesNothing(trial: Trial, work: () => Promise<void>): Promise<void> {
  const open = new OpenResources();
  try {
    await open.watch(work);
    await trial.comesTrue(() => open.kinds.length === 0);
    assert.deepEqual(open.kinds, [], 'resources that the backend left open, so that the process cannot end');
  } finally {
    open.end();
  }
}

interface Opened {
  readonly kind: string;
  readonly resource: object;
}

/**
 * Records what some work opens and leaves open, such as sockets, servers and timers. Resources that others open
 * meanwhile do not count. Source: https://nodejs.org/api/async_hooks.html
 */
class OpenResources {
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
