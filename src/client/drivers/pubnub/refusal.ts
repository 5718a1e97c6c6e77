import { record } from '../../../wire/is-record.js';
import { interceptRequests, isSubscription, type PubNubLike, refusedNames } from '../../../wire/pubnub-sdk.js';

/** The reason why the last request of a subscription failed. */
export interface SubscribeFailure {
  /** HTTP status; undefined where there was no answer. */
  readonly status: number | undefined;
  /** The channels that PubNub named. */
  readonly channels: readonly string[];
}

/**
 * Reports each request of a subscription that failed, before the SDK's status does. That status holds neither the
 * service's answer nor the channels that it refused. An SDK that is built in another way reports nothing here.
 */
export function watchFailures(api: PubNubLike, report: (failure: SubscribeFailure) => void): void {
  interceptRequests(api, (request, makeSendable) => {
    const sendable = makeSendable(request);
    if (isSubscription(request)) sendable[0].catch((error: unknown) => report(failureIn(error)));
    return sendable;
  });
}

function failureIn(error: unknown): SubscribeFailure {
  const { statusCode, errorData } = record(error);
  return {
    status: typeof statusCode === 'number' && statusCode > 0 ? statusCode : undefined,
    channels: refusedNames(errorData, 'channels'),
  };
}
