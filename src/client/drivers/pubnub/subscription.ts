import { backoffDelay } from '../../../wire/backoff.js';
import { laterTimetoken, type PubNubLike, type PubNubStatusLike } from '../../../wire/pubnub-sdk.js';
import type { Authorizer } from '../../authorizer.js';
import type { ClientDriverHost } from '../../driver.js';
import { AuthError, channelRefusal, PushClientError } from '../../errors.js';
import { type SubscribeFailure, watchFailures } from './refusal.js';

/** After more failures in a row than these, some ten seconds, the state is `unavailable`. */
const MANY_FAILURES = 5;
/**
 * A token that PubNub refuses this soon after it was granted, in milliseconds, is not renewed again. PubNub: a token
 * lasts a minute or more.
 */
const FRESH_TOKEN_MS = 30_000;

type Status = 'new' | 'asked' | 'confirmed';

/**
 * The channels that one client of PubNub subscribes to. They share one request. When it fails, the SDK stays in its
 * state of failure until this class goes on.
 */
export class SharedSubscription {
  readonly #api: PubNubLike;
  readonly #host: ClientDriverHost;
  readonly #authorizer: Authorizer;
  readonly #closing = new AbortController();
  readonly #channels = new Map<string, Status>();
  #failure: SubscribeFailure | undefined;
  /** The timetoken of PubNub from which a lost subscription goes on. */
  #timetoken: string | undefined;
  /** By the wall clock, because `performance.now()` may stand still while a page's machine sleeps. */
  #tokenAt = Number.NEGATIVE_INFINITY;
  #needsToken = false;
  #isAdvancing = false;
  #isBroken = false;
  #ignoresStatus = false;
  #isClosed = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: PubNubLike, host: ClientDriverHost, authorizer: Authorizer) {
    this.#api = api;
    this.#host = host;
    this.#authorizer = authorizer;
    watchFailures(api, (failure) => {
      this.#failure = failure;
    });
    watchNetwork(
      () => this.#api.disconnect(true),
      () => this.retry(),
      this.#closing.signal,
    );
  }

  add(channel: string): void {
    if (this.#channels.has(channel)) return;
    if (this.#channels.size === 0) this.#host.receiveState('connecting');
    this.#channels.set(channel, 'new');
    this.#needsToken = this.#authorizer.endpoint !== undefined;
    // All channels that are added at once share one request and one token.
    queueMicrotask(() => void this.#advance());
  }

  remove(channel: string): void {
    const status = this.#channels.get(channel);
    this.#channels.delete(channel);
    if (status !== undefined && status !== 'new') this.#api.unsubscribe({ channels: [channel] });
    if (this.#channels.size === 0) this.#rest();
  }

  /** Takes the timetoken of a message that came in: a lost subscription goes on after it. */
  passed(timetoken: string | number): void {
    this.#timetoken = laterTimetoken(this.#timetoken, timetoken);
  }

  /** Ends the wait of a lost subscription, and tries it again at once. */
  retry(): void {
    if (!this.#isBroken || this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#host.receiveState('connecting');
    void this.#advance();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#closing.abort();
    this.#channels.clear();
    this.#api.destroy();
  }

  receiveStatus(status: PubNubStatusLike): void {
    if (this.#ignoresStatus || this.#isClosed) return;
    const { category } = status;
    if (category === 'PNConnectedCategory') this.#connected(status);
    if (category === 'PNConnectionErrorCategory' || category === 'PNDisconnectedUnexpectedlyCategory') {
      const failure = this.#failure;
      this.#failure = undefined;
      // The SDK is in the middle of changing its state.
      queueMicrotask(() => this.#failed(failure));
    }
  }

  /** Gets a token where one is needed, subscribes to new channels, or restores a lost subscription. */
  async #advance(): Promise<void> {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    let canGoOn = true;
    while (this.#needsToken && canGoOn && !this.#isClosed) canGoOn = await this.#renewToken();
    this.#isAdvancing = false;
    if (!canGoOn || this.#isClosed) return;
    const added = this.#those('new');
    if (added.length > 0) this.#subscribe(added);
    // Without the timetoken the SDK starts from now after a second failure, and messages sent meanwhile are lost.
    else if (this.#isBroken && this.#channels.size > 0)
      this.#api.reconnect(this.#timetoken === undefined ? {} : { timetoken: this.#timetoken });
  }

  /**
   * Acts as if the network had failed: a connected SDK takes a new channel for granted, and does not wait for the
   * service's answer.
   */
  #subscribe(channels: string[]): void {
    for (const channel of channels) this.#channels.set(channel, 'asked');
    this.#ignoresStatus = true;
    this.#api.disconnect(true);
    this.#ignoresStatus = false;
    this.#api.subscribe({ channels });
  }

  /** Asks the application for a token for all channels. @returns whether to go on */
  async #renewToken(): Promise<boolean> {
    const channels = [...this.#channels.keys()];
    if (channels.length === 0) return false;
    this.#needsToken = false;
    try {
      const { auth, refused = [] } = await this.#authorizer.authorize(channels);
      if (this.#isClosed) return false;
      this.#api.setToken(auth);
      this.#tokenAt = Date.now();
      const reason = new AuthError('the application does not allow it', { status: 403 });
      this.#refuse(refused, reason);
    } catch (error) {
      if (this.#isClosed) return false;
      if (error instanceof AuthError && error.isRefusal) {
        this.#refuse(channels, error);
      } else {
        this.#needsToken = true;
        this.#lost(`no token: ${error instanceof Error ? error.message : error}`, undefined, error);
        return false;
      }
    }
    return true;
  }

  #connected({ affectedChannels = [], currentTimetoken }: PubNubStatusLike): void {
    this.#failures = 0;
    this.#isBroken = false;
    this.#timetoken = laterTimetoken(this.#timetoken, currentTimetoken);
    this.#host.receiveState('connected');
    for (const channel of this.#those('asked')) {
      // A listener may have left the channel a moment ago.
      if (!affectedChannels.includes(channel) || this.#channels.get(channel) !== 'asked') continue;
      this.#channels.set(channel, 'confirmed');
      this.#host.receiveSubscription(channel);
    }
  }

  #failed({ status, channels }: SubscribeFailure = { status: undefined, channels: [] }): void {
    if (this.#isClosed) return;
    this.#isBroken = true;
    if (status === 403) this.#denied(channels);
    else if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429) {
      const error = new PushClientError(`Push connection: PubNub refused it (${status})`, 'CONNECTION', { status });
      this.#unconfirm();
      // The error comes last, because its listener may try again.
      this.#host.receiveState('disconnected');
      this.#host.receiveError(error);
    } else this.#lost('it failed or was lost', status);
  }

  #denied(named: readonly string[]): void {
    // A clock that was set back says nothing of the token's age.
    if (this.#authorizer.endpoint !== undefined && Math.abs(Date.now() - this.#tokenAt) > FRESH_TOKEN_MS) {
      this.#needsToken = true;
      void this.#advance();
      return;
    }
    const known = named.filter((channel) => this.#channels.has(channel));
    const refused = [known, this.#those('asked'), this.#those('confirmed')].find((list) => list.length > 0) ?? [];
    this.#refuse(refused, { error: 'PubNub denies access', status: 403 });
  }

  /** Removes refused channels, because one of them makes the request fail for all. */
  #refuse(channels: readonly string[], reason: unknown): void {
    for (const channel of channels) {
      if (!this.#channels.has(channel)) continue;
      // Before the report, because its listener may ask for the channel again.
      this.remove(channel);
      this.#host.receiveError(channelRefusal(channel, reason));
    }
  }

  #lost(what: string, status?: number, cause?: unknown): void {
    this.#unconfirm();
    this.#isBroken = true;
    const delay = backoffDelay(this.#failures) + (cause instanceof AuthError ? cause.retryAfterMs : 0);
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#advance(), delay);
    this.#host.receiveState(this.#failures > MANY_FAILURES ? 'unavailable' : 'connecting');
    if (this.#failures === 1 && !this.#isClosed)
      this.#host.receiveError(new PushClientError(`Push connection: ${what}`, 'CONNECTION', { status, cause }));
  }

  /** Makes each confirmed channel wait for its confirmation again, so that its return is reported. */
  #unconfirm(): void {
    for (const channel of this.#those('confirmed')) this.#channels.set(channel, 'asked');
  }

  #those(status: Status): string[] {
    return [...this.#channels].filter(([, own]) => own === status).map(([channel]) => channel);
  }

  /** Ends all waiting when the last channel has gone: PubNub has no connection without a channel. */
  #rest(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#isBroken = false;
    // A later subscription does not begin in the past.
    this.#timetoken = undefined;
    this.#host.receiveState('connected');
  }
}

interface PageLike {
  addEventListener?(event: string, listener: () => void, options: { signal: AbortSignal }): void;
}

/** Calls back when the browser loses its network and when it has it back. Outside a browser nothing is ever called. */
function watchNetwork(onOffline: () => void, onOnline: () => void, signal: AbortSignal): void {
  const page = globalThis as PageLike;
  page.addEventListener?.('offline', onOffline, { signal });
  page.addEventListener?.('online', onOnline, { signal });
}
