import { MAX_AUTH_CHANNELS } from '../../../wire/auth-request.js';
import { backoffDelay } from '../../../wire/backoff.js';
import type { ClientConfig } from '../../../wire/client-config.js';
import { record } from '../../../wire/is-record.js';
import type { IncomingMessage } from '../../../wire/message.js';
import { SERVER_TO_USER_PREFIX } from '../../../wire/pusher-names.js';
import type { ClientDriver, ConnectionState } from '../../driver.js';
import { channelRefusal, PushClientError } from '../../errors.js';
import type { Fallback } from '../../fallback.js';
import type { DriverOptions } from '../create-driver.js';
import { eventsIn } from './events-in.js';
import { Handover } from './handover.js';

/** The application's address, where the configuration names none. */
const DEFAULT_ENDPOINT = '/push/events';
/** A stream is given up when nothing has come for so long, in milliseconds; the server gives a sign every 15 s. */
const SILENCE_MS = 45_000;
/** Statuses of an application that has no such address. */
const notThere = [404, 405, 501];

const notice =
  'WebSockets do not get through, so messages come by server-sent events. Until a WebSocket gets through, presence, ' +
  'client events and sign-in do not work.';

const tooMany = `a page hears at most ${MAX_AUTH_CHANNELS} channels by server-sent events`;

/** The parts of the client that the driver uses. */
interface Parts {
  readonly host: Parameters<Fallback>[1];
  readonly config: ClientConfig;
  readonly options: DriverOptions;
  readonly channels: Iterable<string>;
}

/**
 * Hears the client's channels by server-sent events while its driver does not get through, as behind a proxy that knows
 * no WebSockets. The driver goes on trying, and takes over again when it is connected.
 */
class EventStreamDriver implements ClientDriver {
  readonly behind: ClientDriver;
  readonly #parts: Parts;
  readonly #endpoint: string | undefined;
  readonly #refused = new Set<string>();
  /** The last report of the driver behind. */
  #reported: ConnectionState;
  /** Ends the present stream; undefined while none is wanted. */
  #stream: AbortController | undefined;
  /** Those of the open stream. */
  #heard: readonly string[] = [];
  #handover: Handover | undefined;
  #isOpen = false;
  #isReporting = false;
  #isTold = false;

  constructor(behind: ClientDriver, parts: Parts) {
    const { config, host } = parts;
    const { location } = globalThis as { location?: { readonly href: string } };
    const endpoint = String(config.eventsEndpoint ?? DEFAULT_ENDPOINT);
    this.#parts = parts;
    this.behind = behind;
    this.#reported = host.state;
    // Without a page there is nothing that a path could belong to.
    this.#endpoint = URL.canParse(endpoint, location?.href) ? new URL(endpoint, location?.href).href : undefined;
    this.#start();
  }

  get socketId(): string | undefined {
    return this.behind.socketId;
  }

  connect(): void {
    this.behind.connect();
    if (isCutOff(this.#reported)) this.#start();
  }

  disconnect(): void {
    this.#stop();
    this.behind.disconnect();
  }

  subscribe(channel: string): void {
    this.behind.subscribe(channel);
    this.#refused.delete(channel);
    this.#renew();
  }

  unsubscribe(channel: string): void {
    this.behind.unsubscribe(channel);
    this.#handover?.take(channel);
    this.#renew();
  }

  trigger(channel: string, event: string, data: unknown): boolean {
    return this.behind.trigger?.(channel, event, data) ?? false;
  }

  follow(state: ConnectionState): ConnectionState {
    if (this.#isReporting) return state;
    this.#reported = state;
    if (this.#handover && state !== 'connected') this.#keep();
    if (isCutOff(state)) this.#start();
    else if (state === 'connected' && this.#isOpen) this.#handOver();
    else if (state !== 'connecting') this.#stop();
    return this.#isOpen ? 'connected' : state;
  }

  #start(): void {
    if (this.#stream || this.#endpoint === undefined) return;
    this.#stream = new AbortController();
    void this.#run(this.#endpoint);
  }

  #stop(): void {
    this.#handover?.cancel();
    this.#handover = undefined;
    this.#isOpen = false;
    this.#stream?.abort();
    this.#stream = undefined;
  }

  #handOver(): void {
    const { host } = this.#parts;
    const onSubscribed = host.onSubscribed.bind(host);
    this.#handover ??= new Handover(this.#heard, onSubscribed, () => this.#stop());
  }

  /** Goes on with the stream, because the driver has lost its connection again. */
  #keep(): void {
    this.#handover?.cancel();
    this.#handover = undefined;
    const wanted = this.#channels();
    const isSame = wanted.length === this.#heard.length && wanted.every((channel) => this.#heard.includes(channel));
    if (!isSame) this.#renew();
  }

  /** Asks anew, for the channels that are wanted now, at the end of the current task. */
  #renew(): void {
    const stream = this.#stream;
    if (stream === undefined || this.#handover) return;
    setTimeout(() => {
      if (this.#stream !== stream || this.#handover) return;
      this.#stream = undefined;
      stream.abort();
      this.#start();
    });
  }

  async #run(endpoint: string): Promise<void> {
    const stream = this.#stream as AbortController;
    const { signal } = stream;
    for (let failures = 0; !signal.aborted; failures++) {
      const wanted = this.#channels();
      const channels = wanted.slice(0, MAX_AUTH_CHANNELS);
      for (const channel of wanted.slice(MAX_AUTH_CHANNELS)) this.#refuse(channel, { error: tooMany });
      if (channels.length === 0) return this.#report(false);
      try {
        const response = await this.#ask(endpoint, channels, signal);
        if (notThere.includes(response.status)) return this.#stop();
        if (!response.ok || response.body === null) {
          // Without those that were refused, it is asked again at once.
          if (await this.#noteRefusal(response, channels)) failures = -1;
          else throw new Error(`answered ${response.status}`);
          continue;
        }
        failures = -1;
        this.#opened(channels);
        for await (const data of eventsIn(response.body, SILENCE_MS)) {
          if (signal.aborted) break;
          this.#receive(JSON.parse(data) as IncomingMessage);
        }
      } catch {
        // The driver has reported that there is no connection, and it is tried again.
      }
      if (signal.aborted) return;
      if (this.#handover) return this.#stop();
      this.#report(false);
      await new Promise((resolve) => setTimeout(resolve, backoffDelay(Math.max(0, failures))));
    }
  }

  #channels(): readonly string[] {
    const { channels, config, options } = this.#parts;
    const user = options.signIn && config.userId !== undefined ? [SERVER_TO_USER_PREFIX + config.userId] : [];
    return [...new Set([...channels, ...user])].filter((channel) => !this.#refused.has(channel));
  }

  async #ask(endpoint: string, channels: readonly string[], signal: AbortSignal): Promise<Response> {
    const { headers: given, fetch = globalThis.fetch } = this.#parts.options.auth ?? {};
    const headers = typeof given === 'function' ? await given({ channels, socketId: undefined }) : given;
    const url = new URL(endpoint);
    for (const channel of channels) url.searchParams.append('channel', channel);
    return fetch(url.href, { headers: { ...headers }, credentials: 'same-origin', signal });
  }

  /** Reports the channels that the application refuses. @returns whether there were any */
  async #noteRefusal(response: Response, channels: readonly string[]): Promise<boolean> {
    const { error, refused } = record(await response.json().catch(() => undefined));
    if (!Array.isArray(refused)) return false;
    const known = channels.filter((channel) => refused.includes(channel));
    for (const channel of known) this.#refuse(channel, { error, status: response.status });
    return known.length > 0;
  }

  #refuse(channel: string, reason: object): void {
    this.#refused.add(channel);
    this.#parts.host.receiveError(channelRefusal(channel, reason));
  }

  /** The driver behind hears it, which knows what it has heard itself. */
  #receive(message: IncomingMessage): void {
    const { behind } = this;
    if (!(this.#handover?.isLeft(message.channel) ?? true)) return;
    if (behind.hear) behind.hear(message);
    else this.#parts.host.receiveMessage(message);
  }

  #opened(channels: readonly string[]): void {
    const { host } = this.#parts;
    this.#heard = channels;
    this.#report(true);
    if (!this.#isTold) host.receiveError(new PushClientError(notice, 'FALLBACK'));
    this.#isTold = true;
    for (const channel of channels) host.receiveSubscription(channel);
  }

  #report(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.#isReporting = true;
    this.#parts.host.receiveState(isOpen ? 'connected' : this.#reported);
    this.#isReporting = false;
  }
}

function isCutOff(state: ConnectionState): boolean {
  return state === 'unavailable' || state === 'failed';
}

/** Stands before a driver that does not get through. */
export const eventStream: Fallback = (driver, host, config, options, channels) =>
  new EventStreamDriver(driver, { host, config, options, channels });
