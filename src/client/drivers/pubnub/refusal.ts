import { record } from '../../../wire/is-record.js';
import type { PubNubLike } from './pubnub-like.js';

/** Why the last request of a subscription failed. */
export interface SubscribeFailure {
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** The channels that PubNub named. */
  readonly channels: readonly string[];
}

/** The innermost part of the SDK that is touched, which versions 11 and 12 have at the same place. */
interface SdkTransport {
  makeSendable(request: { readonly path: string }): readonly [sent: Promise<unknown>, ...rest: unknown[]];
}

/**
 * Tells of each request of a subscription that failed, before the SDK's status does: that names neither what the service answered nor
 * which channels it refused. Nothing is told by an SDK that is built in another way.
 */
export function watchFailures(api: PubNubLike, told: (failure: SubscribeFailure) => void): void {
  const transport: unknown = Reflect.get(api, 'transport');
  if (!isTransport(transport)) return;
  const makeSendable = transport.makeSendable.bind(transport);
  transport.makeSendable = (request) => {
    const sendable = makeSendable(request);
    if (request.path.startsWith('/v2/subscribe/')) sendable[0].catch((error: unknown) => told(failureIn(error)));
    return sendable;
  };
}

function failureIn(error: unknown): SubscribeFailure {
  const { statusCode, errorData } = record(error);
  const { channels } = record(record(errorData)['payload']);
  return {
    status: typeof statusCode === 'number' && statusCode > 0 ? statusCode : undefined,
    channels: Array.isArray(channels) ? channels.filter((channel) => typeof channel === 'string') : [],
  };
}

function isTransport(value: unknown): value is SdkTransport {
  return typeof record(value)['makeSendable'] === 'function';
}
