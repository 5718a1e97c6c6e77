import type { AddressedMessage } from '../message.js';
import type { BackendCapabilities } from './capabilities.js';
import type { CompositeOptions } from './composite/composite-options.js';
import { CompositeService } from './composite/composite-service.js';
import { OneOf } from './composite/one-of.js';
import type { AnyBackend, BackendSettings, ChannelResult, RequestContext } from './push-service-wrapper.js';

export type { CircuitOptions, CompositeOptions } from './composite/composite-options.js';
export type { CompositeService } from './composite/composite-service.js';

/**
 * The `failover` backend: sends through the first of several, and goes on to the next one with what it refused or was never reached
 * with. After an unknown outcome it does not, for the message could arrive twice, unless it has an `idempotencyKey`.
 */
export class FailoverService extends CompositeService {
  readonly #oneOf: OneOf;

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>) {
    super(settings, 'failover');
    this.#oneOf = new OneOf(this.name);
  }

  /** A message with an `idempotencyKey` may come from two providers: the receivers drop the second one with the same key. */
  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, idempotencyKey: true };
  }

  protected override route(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    return this.#oneOf.deliver(parcels, context, this.children);
  }
}

/**
 * Makes the backends into one that goes on to the next when one refuses. For the circuit's options: `new FailoverService({ options })`.
 * @param backends two or more, the preferred one first
 */
export function failover(...backends: AnyBackend[]): FailoverService {
  return new FailoverService({ options: { backends } });
}
