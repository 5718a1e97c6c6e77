import { AbortError, type PushError, TimeoutError } from '../../core/errors.js';
import type { Logger } from '../../core/logger.js';
import { backoffDelay } from '../../wire/backoff.js';
import { type PubNubMessage, pubnubMessage, repetitionIds } from '../../wire/pubnub-envelope.js';
import { laterTimetoken } from '../../wire/pubnub-sdk.js';
import { RecentIds } from '../../wire/recent-ids.js';
import type { PubNubClient, PubNubEvent, PubNubNames, PubNubStatus } from './client.js';

/**
 * Number of ids that are remembered, up to two a message. PubNub itself keeps 100 messages a channel for a client that
 * reconnects.
 */
const REMEMBERED_IDS = 10_000;

/** Kind of a subscription; a wildcard counts as a channel. */
export type SubscriptionKind = 'channel' | 'group';

interface Subscription {
  readonly kind: SubscriptionKind;
  readonly name: string;
  /** Settled when PubNub has confirmed or refused the subscription. */
  readonly confirmed: PromiseWithResolvers<void>;
  readonly timer: NodeJS.Timeout;
  /** Whether the SDK has been asked to subscribe. */
  isAsked: boolean;
  isConfirmed: boolean;
}

/** The failure of the last request, with the channels and groups that PubNub named. */
export interface SubscriptionFailure {
  readonly error: PushError;
  readonly channels: readonly string[];
  readonly groups: readonly string[];
}

/** The parts of the backend that its {@link Subscriber} uses. */
export interface SubscriberHooks {
  receive(message: PubNubMessage): void;
  logger(): Logger;
  lastFailure(): SubscriptionFailure;
}

/**
 * The subscriptions of one client. They share one request. When it fails, the SDK stays in its state of failure until
 * this class reconnects. The SDK's own retries would sign the old signature as well, which is wrong, and give up after
 * six.
 */
export class Subscriber {
  readonly #api: PubNubClient;
  readonly #hooks: SubscriberHooks;
  readonly #timeoutMs: number;
  readonly #subscriptions = new Map<string, Subscription>();
  #recent = new RecentIds(REMEMBERED_IDS);
  #timetoken: string | undefined;
  #failures = 0;
  #reconnecting: NodeJS.Timeout | undefined;
  #isAsking = false;
  #ignoresStatus = false;

  /** @param timeoutMs how long a subscription waits to be confirmed, in milliseconds */
  constructor(api: PubNubClient, timeoutMs: number, hooks: SubscriberHooks) {
    this.#api = api;
    this.#timeoutMs = timeoutMs;
    this.#hooks = hooks;
    api.addListener({
      status: (status) => this.#onStatus(status),
      message: (event) => this.#onEvent(event, 'message'),
      signal: (event) => this.#onEvent(event, 'signal'),
    });
  }

  /** Subscribes, and resolves when PubNub has confirmed. A second call for the same name changes nothing. */
  subscribe(kind: SubscriptionKind, name: string): Promise<void> {
    const key = keyOf(kind, name);
    const there = this.#subscriptions.get(key);
    if (there !== undefined) return there.confirmed.promise;
    const confirmed = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.#giveUp(subscription), this.#timeoutMs);
    const subscription = { kind, name, confirmed, timer, isAsked: false, isConfirmed: false };
    this.#subscriptions.set(key, subscription);
    if (!this.#isAsking) {
      this.#isAsking = true;
      queueMicrotask(() => this.#ask());
    }
    return confirmed.promise;
  }

  unsubscribe(kind: SubscriptionKind, name: string): void {
    const subscription = this.#subscriptions.get(keyOf(kind, name));
    if (subscription === undefined) return;
    this.#end([subscription], new AbortError(`The subscription to "${name}" was ended before PubNub confirmed it.`));
  }

  close(): void {
    this.#end([...this.#subscriptions.values()], new AbortError('The backend was closed before PubNub confirmed.'));
    this.#recent = new RecentIds(REMEMBERED_IDS);
  }

  /**
   * Subscribes to all new names. A connected SDK takes them for granted and does not wait for the service's answer, so
   * this acts as if the network had failed. The subscription goes on from the same timetoken.
   */
  #ask(): void {
    this.#isAsking = false;
    const added = [...this.#subscriptions.values()].filter(({ isAsked }) => !isAsked);
    if (added.length === 0) return;
    for (const subscription of added) subscription.isAsked = true;
    this.#ignoresStatus = true;
    try {
      this.#api.disconnect(true);
    } finally {
      this.#ignoresStatus = false;
    }
    this.#api.subscribe(namesOf(added));
  }

  #onStatus(status: PubNubStatus): void {
    if (this.#ignoresStatus) return;
    if (status.category === 'PNConnectedCategory') this.#connected(status);
    if (status.category === 'PNConnectionErrorCategory' || status.category === 'PNDisconnectedUnexpectedlyCategory')
      this.#failed();
  }

  #connected({ affectedChannels, affectedChannelGroups, currentTimetoken }: PubNubStatus): void {
    if (this.#failures > 0) this.#hooks.logger().info({}, 'the subscription to PubNub is back');
    this.#failures = 0;
    this.#timetoken = laterTimetoken(this.#timetoken, currentTimetoken);
    for (const [kind, names] of [
      ['channel', affectedChannels],
      ['group', affectedChannelGroups],
    ] as const) {
      for (const name of names ?? []) this.#confirm(this.#subscriptions.get(keyOf(kind, name)));
    }
  }

  #confirm(subscription: Subscription | undefined): void {
    if (subscription === undefined || subscription.isConfirmed) return;
    subscription.isConfirmed = true;
    clearTimeout(subscription.timer);
    subscription.confirmed.resolve();
  }

  #failed(): void {
    const failure = this.#hooks.lastFailure();
    const { error } = failure;
    if (isFinal(error)) {
      // The SDK is in the middle of changing its state.
      queueMicrotask(() => this.#refused(failure));
      return;
    }
    const delay = backoffDelay(this.#failures++);
    if (this.#failures === 1)
      this.#hooks.logger().warn({ err: error }, 'the subscription to PubNub was lost, and is being restored');
    clearTimeout(this.#reconnecting);
    this.#reconnecting = setTimeout(() => this.#reconnect(), delay);
  }

  #reconnect(): void {
    // Without the timetoken the SDK starts from now after a second failure, and messages sent meanwhile are lost.
    this.#api.reconnect(this.#timetoken === undefined ? {} : { timetoken: this.#timetoken });
  }

  /** Ends the refused subscriptions, because one of them makes the request fail for all. */
  #refused({ error, channels, groups }: SubscriptionFailure): void {
    const all = [...this.#subscriptions.values()];
    const named = all.filter(({ kind, name }) => (kind === 'channel' ? channels : groups).includes(name));
    const waiting = all.filter(({ isConfirmed }) => !isConfirmed);
    const refused = [named, waiting, all].find((list) => list.length > 0) ?? [];
    for (const { name } of refused.filter(({ isConfirmed }) => isConfirmed))
      this.#hooks.logger().error({ err: error, name }, 'PubNub ended a subscription');
    this.#end(refused, error);
  }

  #giveUp(subscription: Subscription): void {
    const { error: cause } = this.#hooks.lastFailure();
    const because = this.#failures > 0 ? `: ${cause.message}` : '.';
    const text = `PubNub did not confirm the subscription to "${subscription.name}" within ${this.#timeoutMs} ms${because}`;
    const options = { backend: 'pubnub', ...(this.#failures > 0 && { cause }) };
    this.#end([subscription], new TimeoutError(text, options));
  }

  #end(ended: readonly Subscription[], error: PushError): void {
    for (const { kind, name, timer, confirmed, isConfirmed } of ended) {
      this.#subscriptions.delete(keyOf(kind, name));
      clearTimeout(timer);
      if (!isConfirmed) confirmed.reject(error);
    }
    if (this.#subscriptions.size === 0) {
      clearTimeout(this.#reconnecting);
      this.#failures = 0;
      // A later subscription does not begin in the past.
      this.#timetoken = undefined;
    }
    const asked = ended.filter(({ isAsked }) => isAsked);
    if (asked.length > 0) this.#api.unsubscribe(namesOf(asked));
  }

  #onEvent(event: PubNubEvent, defaultEvent: string): void {
    const { channel, timetoken } = event;
    const subscription = event.subscription ?? channel;
    this.#timetoken = laterTimetoken(this.#timetoken, timetoken);
    const isOurs =
      this.#subscriptions.has(keyOf('channel', subscription)) || this.#subscriptions.has(keyOf('group', subscription));
    if (!isOurs) return;
    if (event.error !== undefined) {
      this.#hooks
        .logger()
        .warn(
          { channel, timetoken: String(timetoken) },
          'a message from PubNub could not be decrypted, and was dropped',
        );
      return;
    }
    const message = pubnubMessage(event, defaultEvent);
    if (this.#recent.areNew(repetitionIds(message))) this.#hooks.receive(message);
  }
}

function keyOf(kind: SubscriptionKind, name: string): string {
  return `${kind}:${name}`;
}

function namesOf(subscriptions: readonly Subscription[]): PubNubNames {
  const named = (wanted: SubscriptionKind): readonly string[] =>
    subscriptions.filter(({ kind }) => kind === wanted).map(({ name }) => name);
  return { channels: named('channel'), channelGroups: named('group') };
}

/** Whether the service refused, so that the same request would fail again. */
function isFinal({ status, retryable }: PushError): boolean {
  return status !== undefined && status >= 400 && !retryable;
}
