import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { ValidationError } from '../core/errors.js';
import { didYouMean } from '../core/schema-check.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { DeliveryContext } from './deliver.js';
import type { PlanContext } from './plan.js';
import type { Routes } from './routing.js';

/** Where messages can go: a backend of the service by its name, with all that they are planned and delivered with. */
export interface Destination {
  /** The key in the setting `backends`; of the setting `backend`, the backend's own name. */
  readonly name: string;
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly sessions: SessionAdapter<never>;
  readonly planning: Omit<PlanContext, 'isRecorded'>;
  readonly delivering: DeliveryContext;
  /** Whether the backend is open. */
  readonly isOpen: boolean;
  /** Whether the backend is about to open: it could not be said yet that it does not open, or not in time. */
  readonly isOpening: boolean;
  /** Resolves when the backend is open. @throws PushError when it could not be opened; TimeoutError; AbortError */
  opened(timeout: number, signal: AbortSignal | undefined): Promise<unknown>;
}

/** The destinations of a service, in the order of the settings. */
export class Destinations {
  readonly all: readonly Destination[];
  /** The one of messages that choose none. */
  readonly first: Destination;
  /** Whether the settings name them, so that a message can choose. */
  readonly areNamed: boolean;
  /** The setting `routes`. */
  readonly routes: Routes | undefined;
  readonly #byName: ReadonlyMap<string, Destination>;

  constructor(
    all: readonly [Destination, ...Destination[]],
    { areNamed, routes }: { readonly areNamed: boolean; readonly routes: Routes | undefined },
  ) {
    this.all = all;
    [this.first] = all;
    this.areNamed = areNamed;
    this.routes = routes;
    this.#byName = new Map(all.map((each) => [each.name, each]));
  }

  get names(): readonly string[] {
    return this.all.map(({ name }) => name);
  }

  /** The destination with this name, if there is one. */
  named(name: string): Destination | undefined {
    return this.#byName.get(name);
  }

  /**
   * The destination with this name.
   * @param what says where the name stands, as the beginning of an error
   * @throws ValidationError when there is none
   */
  known(name: unknown, what: string): Destination {
    const found = typeof name === 'string' ? this.#byName.get(name) : undefined;
    if (found !== undefined) return found;
    const { names } = this;
    if (typeof name !== 'string')
      throw new ValidationError(
        `${what} must be a name of the setting "backends" (${names.join(', ')}) or a list of them, not ${name === null ? 'null' : `a value of type ${typeof name}`}.`,
      );
    throw new ValidationError(`${what}: "${name}" is none of the setting "backends"${didYouMean(name, names)}`);
  }

  /** The text without the secrets of any backend. */
  redact(text: string): string {
    return this.all.reduce((cleaned, { backend }) => backend.redact(cleaned), text);
  }
}
