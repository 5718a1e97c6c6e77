import { backoffDelay } from '../../../wire/backoff.js';
import type { ClientConfig } from '../../../wire/client-config.js';
import { RecentIds } from '../../../wire/recent-ids.js';
import { type AuthAnswer, type AuthOptions, Authorizer } from '../../authorizer.js';
import { type ClientDriver, type ClientDriverHost, neededKey } from '../../driver.js';
import { AuthError, PushClientError, signInRefusal } from '../../errors.js';
import { type OneSignalDeferredLike, type OneSignalEventLike, type OneSignalLike, readMessage } from './sdk.js';

/** Options of {@link OneSignalDriver}. */
export interface OneSignalDriverOptions {
  /**
   * How the page asks the application for a token to log in with.
   * @default as the configuration says, if it names an endpoint
   */
  readonly auth?: AuthOptions | undefined;
  /** Options for OneSignal's `init`, besides `appId`; false if the page calls `init` itself. @default {} */
  readonly oneSignal?: Readonly<Record<string, unknown>> | false | undefined;
}

/** Time after which the SDK is reported as missing, in milliseconds. Content blockers keep it away. */
const LOAD_TIMEOUT_MS = 10_000;

/** Calls of `init` by SDK: a page can call it once, whatever its number of clients. */
const initialized = new WeakMap<OneSignalLike, Promise<unknown>>();

/**
 * Receives OneSignal's notifications through its web SDK, which the page loads. The SDK knows one user and no channels:
 * the first channel of the configuration stands for that user.
 */
export class OneSignalDriver implements ClientDriver {
  readonly socketId = undefined;
  readonly knowsChannels = false;
  readonly #host: ClientDriverHost;
  readonly #config: ClientConfig;
  readonly #init: Readonly<Record<string, unknown>> | undefined;
  readonly #authorizer: Authorizer;
  readonly #recent = new RecentIds();
  readonly #receive = ({ notification }: OneSignalEventLike): void => {
    const message = readMessage(notification, this.#config.channels[0] ?? '');
    // A notification that is displayed while the page is open comes again when it is clicked.
    if (message.id === undefined || this.#recent.areNew([message.id])) this.#host.receiveMessage(message);
  };
  /** Object that stands for the present connection; work that an earlier one began is dropped. */
  #connection: object | undefined;
  #oneSignal: OneSignalLike | undefined;
  /** Waits for the SDK to load, and later to ask for a token again. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws PushClientError when the app id is missing */
  constructor(host: ClientDriverHost, config: ClientConfig, options: OneSignalDriverOptions = {}) {
    const appId = neededKey(config, 'appId');
    this.#host = host;
    this.#config = config;
    this.#init = options.oneSignal === false ? undefined : { ...options.oneSignal, appId };
    this.#authorizer = new Authorizer(config, options.auth);
  }

  connect(): void {
    if (this.#connection) return;
    const connection = {};
    this.#connection = connection;
    this.#host.receiveState('connecting');
    this.#timer = setTimeout(() => {
      this.#fail(connection, 'OneSignal’s SDK has not loaded: is its script in the page, or blocked?', 'unavailable');
    }, LOAD_TIMEOUT_MS);
    const page = globalThis as { OneSignalDeferred?: OneSignalDeferredLike };
    page.OneSignalDeferred ??= [];
    page.OneSignalDeferred.push((oneSignal) => {
      clearTimeout(this.#timer);
      return this.#start(oneSignal, connection);
    });
  }

  /** Stops listening. The browser stays logged in, so that notifications reach it while no page is open. */
  disconnect(): void {
    this.#connection = undefined;
    clearTimeout(this.#timer);
    for (const event of ['foregroundWillDisplay', 'click'] as const)
      this.#oneSignal?.Notifications.removeEventListener(event, this.#receive);
    this.#oneSignal = undefined;
  }

  subscribe(channel: string): void {
    if (this.#config.channels.includes(channel)) return;
    const text = `OneSignal has no channels to subscribe to: the page receives messages to its user, and cannot join "${channel}".`;
    this.#host.receiveError(new PushClientError(text, 'SUBSCRIPTION', { channel }));
  }

  unsubscribe(): void {}

  async #start(oneSignal: OneSignalLike, connection: object): Promise<void> {
    if (this.#connection !== connection) return;
    try {
      await this.#initialize(oneSignal);
    } catch (cause) {
      this.#fail(connection, 'OneSignal’s SDK did not start', 'failed', cause);
      return;
    }
    if (this.#connection !== connection) return;
    this.#oneSignal = oneSignal;
    for (const event of ['foregroundWillDisplay', 'click'] as const)
      oneSignal.Notifications.addEventListener(event, this.#receive);
    const isLoggedIn = await this.#logIn(oneSignal, connection);
    if (this.#connection !== connection) return;
    this.#host.receiveState('connected');
    const [channel] = this.#config.channels;
    if (isLoggedIn && channel !== undefined && this.#connection === connection) this.#host.receiveSubscription(channel);
  }

  async #initialize(oneSignal: OneSignalLike): Promise<void> {
    if (this.#init === undefined) return;
    const begun = initialized.get(oneSignal) ?? oneSignal.init(this.#init);
    initialized.set(oneSignal, begun);
    await begun;
  }

  /** Logs the page's user in. @returns whether the browser belongs to that user now */
  async #logIn(oneSignal: OneSignalLike, connection: object): Promise<boolean> {
    const { userId, channels, usesExternalId } = this.#config;
    // Channels that are devices, segments or other aliases are no user's id.
    if (usesExternalId === false) return true;
    try {
      const answer = this.#authorizer.userEndpoint === undefined ? undefined : await this.#signIn(connection);
      const externalId = idIn(answer?.user_data) ?? userId ?? channels[0];
      if (externalId === undefined || this.#connection !== connection) return false;
      await oneSignal.login(externalId, answer?.auth);
      return true;
    } catch (error) {
      if (this.#connection === connection) this.#host.receiveError(signInRefusal(error));
      return false;
    }
  }

  /** Asks the application for a token until it grants one or refuses, or the connection ends. */
  async #signIn(connection: object): Promise<AuthAnswer> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#authorizer.signIn();
      } catch (error) {
        if (!(error instanceof AuthError) || error.isRefusal || this.#connection !== connection) throw error;
        if (failures === 0) this.#host.receiveError(signInRefusal(error));
        const wait = error.retryAfterMs + backoffDelay(failures);
        await new Promise((resolve) => {
          this.#timer = setTimeout(resolve, wait);
        });
        if (this.#connection !== connection) throw error;
      }
    }
  }

  #fail(connection: object, text: string, state: 'unavailable' | 'failed', cause?: unknown): void {
    if (this.#connection !== connection) return;
    this.#host.receiveState(state);
    this.#host.receiveError(new PushClientError(`Push connection: ${text}`, 'CONNECTION', { cause }));
  }
}

/** The user's id in the JSON that the application signed, as in `{"id":"ann"}`. */
function idIn(userData: string | undefined): string | undefined {
  if (userData === undefined) return undefined;
  const { id } = JSON.parse(userData) as { readonly id?: unknown };
  return typeof id === 'string' ? id : undefined;
}
