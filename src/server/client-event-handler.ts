import { CLIENT_EVENT_RATE, protocolError } from '../pusher-protocol/messages.js';
import { echoedName, eventName, isEncrypted, isPrivate, keepsTo } from '../pusher-protocol/names.js';
import type { ProtocolMessage } from '../pusher-protocol/parse-message.js';
import type { App } from './app.js';
import type { FilledOptions } from './checked-options.js';
import type { Connection } from './connection.js';
import type { LocalChannel } from './local-channel.js';

/** Takes the `client-` events that clients send each other, checks them and publishes them. */
export class ClientEventHandler {
  readonly #app: App;
  readonly #limits: FilledOptions;

  constructor(app: App, limits: FilledOptions) {
    this.#app = app;
    this.#limits = limits;
  }

  receive(connection: Connection, { event, channel: name = '', data = null }: ProtocolMessage): void {
    const channel = this.#app.channels.get(name);
    const problem = this.#problem(connection, name, channel, event);
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
    const text = textOf(data);
    const { maxEventBytes } = this.#limits;
    if (text === undefined || Buffer.byteLength(text) > maxEventBytes) {
      const limit = text === undefined ? 'is nested too deeply' : `has up to ${maxEventBytes} bytes`;
      connection.sendText(protocolError(`An event's data ${limit}`));
      return;
    }
    const userId = channel.members?.userOf(connection);
    this.#app.publisher.publishClientEvent({ channel: name, event, data: text, userId }, connection.id);
  }

  /** Says in words what is wrong with the event's name or channel; undefined when nothing is. */
  #problem(connection: Connection, name: string, channel: LocalChannel | undefined, event: string): string | undefined {
    if (this.#app.settings.clientEvents === false) return 'Client events are switched off for this application';
    if (!isPrivate(name) || isEncrypted(name))
      return 'Client events go to private and presence channels only, encrypted ones excepted';
    if (channel === undefined || !connection.channels?.has(channel))
      return `Client events need a subscription to the channel: ${echoedName(name)}`;
    if (!keepsTo(eventName, event))
      return `An event's name has up to ${eventName.maxLength} characters, and no control characters`;
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

/** The data as text. Undefined when it is nested too deeply: JSON can be read to any depth, but not written. */
function textOf(data: unknown): string | undefined {
  try {
    return typeof data === 'string' ? data : JSON.stringify(data);
  } catch {
    return undefined;
  }
}
