import type { AddressedMessage } from '../../wire/message.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendSettings, ChannelResult, RequestContext } from '../contract/wrapper.js';
import type { Child } from './child.js';
import { OneOf } from './one-of.js';
import type { CompositeOptions } from './options.js';
import { CompositeService } from './service.js';

/** A composite that sends each message through one of its backends. */
export abstract class OneOfService extends CompositeService {
  readonly #oneOf: OneOf;

  /** @throws ConfigurationError when an option is wrong */
  constructor(settings: BackendSettings<CompositeOptions>, kind: string) {
    super(settings, kind);
    this.#oneOf = new OneOf(this.name);
  }

  /** The backends in the order in which the next request asks them. */
  protected abstract order(): readonly Child[];

  /** A message with an `idempotencyKey` may come from two providers: the receivers drop the second one with the same key. */
  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, idempotencyKey: true };
  }

  protected override route(
    parcels: readonly AddressedMessage[],
    context: RequestContext,
  ): Promise<readonly ChannelResult[]> {
    return this.#oneOf.deliver(parcels, context, this.order());
  }
}
