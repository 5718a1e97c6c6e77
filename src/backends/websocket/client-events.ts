import { CLIENT_EVENT_RATE } from '../../channels-protocol/close-codes.js';
import { protocolError } from '../../channels-protocol/messages.js';
import { eventName, isEncrypted, isPrivate, keepsTo } from '../../channels-protocol/names.js';
import type { ProtocolMessage } from '../../channels-protocol/parse-message.js';
import type { App } from './app.js';
import type { Channel } from './channel.js';
import type { Connection } from './connection.js';
import type { ServerLimits } from './options-schema.js';

/** Relays the `client-` events that clients send each other. */
export class ClientEvents {
  readonly #app: App;
  readonly #limits: ServerLimits;

  constructor(app: App, limits: ServerLimits) {
    this.#app = app;
    this.#limits = limits;
  }

  relay(connection: Connection, { event, channel: name = '', data = null }: ProtocolMessage): void {
    const text = typeof data === 'string' ? data : JSON.stringify(data);
    const channel = this.#app.channels.get(name);
    const problem = this.#problem(connection, name, channel, event, text);
    if (channel === undefined || problem !== undefined) {
      connection.sendText(protocolError(problem ?? ''));
      return;
    }
    if (!this.#mayStillSend(connection)) {
      const { clientEventsPerSecond } = this.#limits;
      connection.sendText(
        protocolError(`A client may send ${clientEventsPerSecond} events a second`, CLIENT_EVENT_RATE),
      );
      return;
    }
    this.#app.relay(
      channel,
      { channel: name, event, data: text, userId: channel.presence?.userOf(connection) },
      connection,
    );
  }

  #problem(
    connection: Connection,
    name: string,
    channel: Channel | undefined,
    event: string,
    text: string,
  ): string | undefined {
    const { maxEventBytes } = this.#limits;
    if (this.#app.settings.clientEvents === false) return 'Client events are switched off for this application';
    if (!isPrivate(name) || isEncrypted(name))
      return 'Client events go to private and presence channels only, encrypted ones excepted';
    if (channel === undefined || !connection.channels?.has(channel))
      return `Client events need a subscription to the channel: ${name}`;
    if (!keepsTo(eventName, event))
      return `An event's name has up to ${eventName.maxLength} characters, and no control characters`;
    if (Buffer.byteLength(text) > maxEventBytes) return `An event's data has up to ${maxEventBytes} bytes`;
    return undefined;
  }

  #mayStillSend(connection: Connection): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (connection.eventSecond !== second) {
      connection.eventSecond = second;
      connection.eventCount = 0;
    }
    connection.eventCount++;
    return connection.eventCount <= this.#limits.clientEventsPerSecond;
  }
}
