import type { ClientConfig } from '../../../wire/client-config.js';
import { pubnubMessage, repetitionIds } from '../../../wire/pubnub-envelope.js';
import type { PubNubEventLike, PubNubLike } from '../../../wire/pubnub-sdk.js';
import { RecentIds } from '../../../wire/recent-ids.js';
import { type AuthOptions, Authorizer } from '../../authorizer.js';
import { type ClientDriver, type ClientDriverHost, neededKey, neededSdk, type SdkModule } from '../../driver.js';
import { PushClientError } from '../../errors.js';
import { SharedSubscription } from './subscription.js';

/** The class that the package `pubnub` exports; `never` because its configuration is its own affair. */
export interface PubNubConstructorLike {
  new (configuration: never): PubNubLike;
  NoneRetryPolicy(): unknown;
}

/** Options of {@link PubNubDriver}. */
export interface PubNubDriverOptions {
  /** The class of the package `pubnub`, 11 or later, or the module that has it. @default globalThis.PubNub */
  readonly PubNub?: SdkModule<PubNubConstructorLike, 'PubNub'> | undefined;
  /** How the page asks the application for a token. @default as the configuration says, if it names an endpoint */
  readonly auth?: AuthOptions | undefined;
  /** Options for `new PubNub`, such as `{ userId }`; they win over those made from the `ClientConfig`. @default {} */
  readonly pubnub?: Readonly<Record<string, unknown>> | undefined;
}

/** Receives messages from PubNub through the package `pubnub`. */
export class PubNubDriver implements ClientDriver {
  readonly socketId = undefined;
  readonly #host: ClientDriverHost;
  readonly #authorizer: Authorizer;
  readonly #create: () => PubNubLike;
  readonly #wanted = new Set<string>();
  readonly #recent = new RecentIds();
  #subscription: SharedSubscription | undefined;

  /** @throws PushClientError when `pubnub` or the subscribe key is missing */
  constructor(host: ClientDriverHost, config: ClientConfig, options: PubNubDriverOptions = {}) {
    const PubNub = neededSdk(options.PubNub, 'PubNub', 'pubnub', config);
    const subscribeKey = neededKey(config, 'subscribeKey');
    const { origin, useTLS = true, userId } = config;
    this.#host = host;
    this.#authorizer = new Authorizer(config, options.auth);
    this.#create = () => {
      const configuration = {
        subscribeKey,
        ...(origin !== undefined && { origin }),
        ssl: useTLS,
        userId: options.pubnub?.['userId'] ?? userId ?? anonymousId(),
        // Failures are tried again by this driver, which reports them in the state.
        retryConfiguration: PubNub.NoneRetryPolicy(),
        listenToBrowserNetworkEvents: false,
        ...options.pubnub,
      };
      return new PubNub(configuration as never);
    };
  }

  connect(): void {
    if (this.#subscription) {
      this.#subscription.retry();
      return;
    }
    const api = this.#create();
    const subscription = new SharedSubscription(api, this.#host, this.#authorizer);
    this.#subscription = subscription;
    api.addListener({
      status: (status) => subscription.receiveStatus(status),
      message: (event) => this.#receive(event, 'message'),
      signal: (event) => this.#receive(event, 'signal'),
    });
    if (this.#wanted.size === 0) this.#host.receiveState('connected');
    for (const channel of this.#wanted) subscription.add(channel);
  }

  disconnect(): void {
    this.#subscription?.close();
    this.#subscription = undefined;
  }

  subscribe(channel: string): void {
    this.#wanted.add(channel);
    this.#subscription?.add(channel);
  }

  unsubscribe(channel: string): void {
    this.#wanted.delete(channel);
    this.#subscription?.remove(channel);
  }

  #receive(event: PubNubEventLike, defaultEvent: string): void {
    const { channel, subscription, timetoken, error } = event;
    if (!this.#wanted.has(subscription ?? channel)) return;
    this.#subscription?.passed(timetoken);
    if (error !== undefined) {
      const text = `A message on "${channel}" could not be decrypted, and was dropped.`;
      this.#host.receiveError(new PushClientError(text, 'CONNECTION', { channel }));
      return;
    }
    const message = pubnubMessage(event, defaultEvent);
    if (this.#recent.areNew(repetitionIds(message))) this.#host.receiveMessage(message);
  }
}

/** Key of the anonymous id in the browser's storage. */
const STORAGE_KEY = 'pushrail.anonymous-id';

interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * The id of a browser whose user is unknown. It is the same for all tabs and visits, because PubNub bills by the number
 * of ids. A browser that stores nothing has a new one each time.
 */
function anonymousId(): string {
  const fresh = `anonymous-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
  try {
    // Throws if the user has forbidden it.
    const { localStorage } = globalThis as { localStorage?: StorageLike };
    const kept = localStorage?.getItem(STORAGE_KEY);
    if (kept) return kept;
    localStorage?.setItem(STORAGE_KEY, fresh);
  } catch {
    // No storage, as in a private window.
  }
  return fresh;
}
