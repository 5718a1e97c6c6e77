import { backoffDelay } from '../wire/backoff.js';
import type { ClientConfig } from '../wire/client-config.js';
import { record } from '../wire/is-record.js';
import { failureIn, replyFrom, shown } from './authorizer.js';
import { AuthError, PushClientError } from './errors.js';
import type { PushListener } from './events.js';
import { PushClient } from './push-client.js';
import type { ChannelTransport, DefaultClient, PluggedMessage } from './static-calls.js';

/** Deadline of a request for the configuration, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** A request for the configuration is repeated after up to 1, 2, 4 … 30 s. */
const FIRST_WAIT_MS = 1_000;

/** A client that tells its errors to one more listener, which does not keep them from the console. */
class WatchedClient extends PushClient {
  onReport: (error: PushClientError) => void = () => {};

  override receiveError(error: PushClientError): void {
    super.receiveError(error);
    this.onReport(error);
  }
}

/** A call of `configure` whose promise is not settled yet. */
interface Turn {
  resolve(client: PushClient | PromiseLike<PushClient>): void;
  reject(error: unknown): void;
}

/** The default client of a page: it fetches its configuration when the page first wants to hear something. */
export class PageClient implements DefaultClient {
  readonly #address: string;
  readonly #loadSdk: () => void;
  readonly #client: WatchedClient;
  #ready: Promise<PushClient> | undefined;
  #turn: Turn | undefined;
  /** The channels whose answer the present turn waits for; undefined before it has a configuration. */
  #awaited: Set<string> | undefined;
  #lastError: PushClientError | undefined;

  /**
   * @param address the URL of the configuration
   * @param loadSdk loads what the driver needs and the script does not hold
   */
  constructor(address: string, loadSdk: () => void) {
    this.#address = address;
    this.#loadSdk = loadSdk;
    // A page of another origin has its cookies sent along only when it says so.
    const ownFetch: typeof fetch = (input, init) => fetch(input, { ...init, credentials: 'include' });
    const client = new WatchedClient({ backend: '', channels: [] }, { auth: { fetch: ownFetch } });
    client.onStateChange(() => this.#look());
    client.onSubscribed(({ channel }) => this.#look(channel));
    client.onReport = (error) => {
      this.#lastError = error;
      this.#look(error.isTemporary ? undefined : error.channel);
    };
    this.#client = client;
  }

  get ready(): Promise<PushClient> {
    return this.#ready ?? this.configure();
  }

  bind(event: string, listener: PushListener): () => void {
    const remove = this.#client.bind(event, listener);
    void this.ready;
    return remove;
  }

  unbind(event?: string, listener?: PushListener): void {
    this.#client.unbind(event, listener);
  }

  subscribe(channel: string): void {
    this.#client.subscribe(channel);
    void this.ready;
  }

  unsubscribe(channel: string): void {
    this.#client.unsubscribe(channel);
  }

  receiveMessage(message: PluggedMessage): void {
    const { event = 'push-event', ...others } = record(message) as PluggedMessage;
    const channel = typeof others.channel === 'string' ? others.channel : '';
    this.#client.receiveMessage(
      'data' in others ? { ...others, event, channel, data: others.data } : { event, channel, data: others },
    );
  }

  plugIn(method: 'subscribe' | 'unsubscribe', transport: ChannelTransport): void {
    if (typeof transport !== 'function') throw new TypeError(`PushClient.${method} must be a function.`);
    if (this.#client.state !== 'initialized') {
      const text = `PushClient.${method} was assigned too late: the page has connected already. Assign it before the page binds.`;
      throw new PushClientError(text, 'CONFIGURATION');
    }
    // Called as `PushClient.subscribe(channelId)`, so that `this.receiveMessage` is the static one.
    this.#client[method] = (channel) => transport.call(PushClient, channel);
  }

  configure(config?: ClientConfig): Promise<PushClient> {
    const before = this.#turn;
    const ready = new Promise<PushClient>((resolve, reject) => {
      this.#turn = { resolve, reject };
    });
    this.#awaited = undefined;
    this.#ready = ready;
    before?.resolve(ready);
    // Callers that do not wait hear of errors by `onError`.
    ready.catch(() => {});
    void this.#start(this.#turn, config);
    return ready;
  }

  async #start(turn: Turn | undefined, given: ClientConfig | undefined): Promise<void> {
    const client = this.#client;
    try {
      const config = given ?? (await this.#fetched(turn));
      if (turn !== this.#turn || config === undefined) return;
      client.configure(config);
      this.#loadSdk();
      const hasDriver = client.subscribe === PushClient.prototype.subscribe;
      const missing = config.channels.filter((channel) => hasDriver && !client.channel(channel).isSubscribed);
      this.#awaited = new Set(missing);
      client.connect();
      this.#look(undefined, config.backend === 'console');
    } catch (error) {
      // The client is wrongly configured, or the application refused: both are errors of the client.
      client.receiveError(error as PushClientError);
      turn?.reject(error);
    }
  }

  /**
   * Settles the present turn when it is known whether the page hears.
   * @param channel one that has its answer
   */
  #look(channel?: string, hearsNothing = false): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    if (channel !== undefined) awaited.delete(channel);
    const { state } = this.#client;
    if (hearsNothing || (state === 'connected' && awaited.size === 0)) this.#turn?.resolve(this.#client);
    if (state === 'failed' || state === 'disconnected')
      this.#turn?.reject(this.#lastError ?? new PushClientError('The page was disconnected.', 'CONNECTION'));
  }

  /**
   * Fetches the configuration, again and again while the network or the application fails.
   * @returns undefined when the page has called `configure` once more
   * @throws PushClientError when the application refuses
   */
  async #fetched(turn: Turn | undefined): Promise<ClientConfig | undefined> {
    const address = this.#address;
    let told = '';
    for (let failures = 0; turn === this.#turn; failures += 1) {
      try {
        return await configFrom(address);
      } catch (cause) {
        const { message, status, isRefusal, retryAfterMs } = cause as AuthError;
        const text = `The page's configuration could not be fetched from ${shown(address)}: ${message}`;
        const isTemporary = !isRefusal;
        const error = new PushClientError(text, 'CONFIGURATION', { status, isTemporary, cause });
        if (isRefusal) throw error;
        if (text !== told && turn === this.#turn) this.#client.receiveError(error);
        told = text;
        const wait = Math.max(backoffDelay(failures, FIRST_WAIT_MS), retryAfterMs);
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
    return undefined;
  }
}

/** Rejects with an {@link AuthError}. */
async function configFrom(address: string): Promise<ClientConfig> {
  const reply = await replyFrom(address, { credentials: 'include', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const { body, status } = reply;
  const error = failureIn(reply);
  if (error) throw error;
  if (typeof body['backend'] === 'string') return body as unknown as ClientConfig;
  throw new AuthError('the answer has no "backend"', { status });
}
