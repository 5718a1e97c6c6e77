import type { ClientConfig } from '../wire/client-config.js';
import type { IncomingMessage } from '../wire/message.js';
import { PushClientError } from './errors.js';
import type { PushListener } from './events.js';

/** A function that a page plugs in as its transport: it subscribes to a channel, or leaves it. */
export type ChannelTransport = (channelId: string) => void;

/**
 * A message as a transport of the page hands it over. Without `data` its other keys are the data, and without `event`
 * it is a `push-event`.
 */
export type PluggedMessage = Partial<IncomingMessage> & Readonly<Record<string, unknown>>;

/** The client that a page has where the script `…/client.js` of the push handler stands. */
export interface DefaultClient {
  /** Resolves when the page hears what is sent to it. Reading it connects the page. */
  readonly ready: Promise<unknown>;
  bind(event: string, listener: PushListener): () => void;
  unbind(event?: string, listener?: PushListener): void;
  subscribe(channel: string): void;
  unsubscribe(channel: string): void;
  receiveMessage(message: PluggedMessage): void;
  configure(config?: ClientConfig): Promise<unknown>;
  /** Puts a function of the page in the place of a method. */
  plugIn(method: 'subscribe' | 'unsubscribe', transport: ChannelTransport): void;
}

/** Set by the build of the page's scripts, which always have a default client. */
declare const IS_PAGE_SCRIPT: true | undefined;

let defaultClient: DefaultClient | undefined;

/** Gives the static calls their client. */
export function setDefaultClient(client: DefaultClient): void {
  defaultClient = client;
}

/** @throws PushClientError `CONFIGURATION` where the page has no default client */
export function clientFor(call: string): DefaultClient {
  if (defaultClient || typeof IS_PAGE_SCRIPT !== 'undefined') return defaultClient as DefaultClient;
  throw new PushClientError(
    `PushClient.${call} needs the page's default client, which <script src="/push/client.js"> makes. ` +
      'Without that script, make a client: new PushClient(config).',
    'CONFIGURATION',
  );
}

/**
 * The static methods of `PushClient`. They belong to the page's default client, which is there where the script
 * `…/client.js` of the push handler stands. Without that script they throw a `PushClientError` `CONFIGURATION`.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: PushClient inherits them.
export class StaticCalls {
  /**
   * Calls the listener for each message with this event, as `bind` of a client does. The first call fetches the
   * configuration and connects. For anything but a text and a function it is `Function.prototype.bind`.
   * @returns a function that removes this one binding
   * @example
   * PushClient.bind('order.shipped', ({ orderId }) => show(orderId));
   */
  static bind<Data>(event: string, listener: PushListener<Data>): () => void;
  static bind(...args: readonly unknown[]): unknown;
  static bind(...args: readonly unknown[]): unknown {
    const [event, listener] = args;
    if (typeof event === 'string' && typeof listener === 'function')
      return clientFor('bind()').bind(event, listener as PushListener);
    // biome-ignore lint/complexity/noThisInStatic: a subclass is bound as itself.
    return Function.prototype.bind.apply(this, args as Parameters<typeof Function.prototype.bind>);
  }

  /** Removes bindings of the default client, as its `unbind` does. */
  static unbind<Data>(event?: string, listener?: PushListener<Data>): void {
    clientFor('unbind()').unbind(event, listener as PushListener);
  }

  /**
   * Subscribes the default client to a channel. Assigning a function plugs a transport in: it is called with each
   * channel of the page, and hands messages to {@link StaticCalls.receiveMessage}.
   * @example
   * PushClient.subscribe = (channelId) => source.listen(channelId, (message) => PushClient.receiveMessage(message));
   */
  static get subscribe(): ChannelTransport {
    return (channel) => clientFor('subscribe()').subscribe(channel);
  }

  static set subscribe(transport: ChannelTransport) {
    clientFor('subscribe').plugIn('subscribe', transport);
  }

  /** Leaves a channel. Assigning a function plugs in how the page's own transport does that. */
  static get unsubscribe(): ChannelTransport {
    return (channel) => clientFor('unsubscribe()').unsubscribe(channel);
  }

  static set unsubscribe(transport: ChannelTransport) {
    clientFor('unsubscribe').plugIn('unsubscribe', transport);
  }

  /**
   * Passes a message to the listeners of the default client. Without `data` its other keys are the data, and without
   * `event` it is a `push-event`.
   */
  static receiveMessage(message: PluggedMessage): void {
    clientFor('receiveMessage()').receiveMessage(message);
  }
}
