import type { AddressedMessage } from '../../wire/message.js';
import type { AboutBackend } from '../contract/about.js';
import type { AnyBackend, BackendSettings, ChannelResult, RequestContext } from '../contract/wrapper.js';
import type { Child } from './child.js';
import { EveryOne } from './every-one.js';
import type { CompositeOptions } from './options.js';
import { CompositeService } from './service.js';

export type { CircuitOptions, CompositeOptions } from './options.js';
export type { CompositeService } from './service.js';

/** The `fanout` backend: sends through all of several at once. A channel is accepted when all of them accepted it. */
export class FanoutService extends CompositeService {
  static readonly about: AboutBackend = {
    purpose: 'several backends at once',
    needs: 'two backends or more',
    guide: 'docs/backends/composites.md',
  };

  readonly #everyOne: EveryOne;

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'fanout');
    this.#everyOne = new EveryOne(this.name, this.children);
  }

  /** The first that can: a message goes through all of them, and is to come in once. */
  protected override get subscribers(): readonly Child[] {
    return super.subscribers.slice(0, 1);
  }

  /** @throws PushError when one of the backends cannot be opened; the others are closed then */
  override async open(): Promise<void> {
    const ends = await Promise.allSettled(this.children.map((child) => child.open()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed === undefined) return;
    await this.close().catch(() => {});
    throw failed.reason;
  }

  protected override route(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    return this.#everyOne.deliver(parcels, context);
  }
}

/**
 * Makes the backends into one that sends through all of them. For the circuit's options: `new FanoutService({ options })`.
 * @param backends two or more
 */
export function fanout(...backends: AnyBackend[]): FanoutService {
  return new FanoutService({ options: { backends } });
}
