import { CLIENT_EVENT_RATE, protocolError } from '../pusher-protocol/messages.js';
import { channelNameProblem, isEncrypted, isPrivate, keepsTo } from '../pusher-protocol/names.js';
import type { ProtocolMessage } from '../pusher-protocol/parse-message.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';

/** Takes the `client-` events that clients send each other, checks them and publishes them. */
export class ClientEventHandler {
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  /** @returns with a relay, a promise that rejects for an unexpected error alone */
  receive(
    connection: Connection,
    { event, channel: name = '', data = null }: ProtocolMessage,
  ): Promise<void> | undefined {
    const problem = this.#problem(connection, name, event);
    if (problem !== undefined) {
      connection.sendText(protocolError(problem));
      return undefined;
    }
    const { clientEventsPerSecond, clientEventExcess, maxEventBytes } = this.#app.limits;
    if (!this.#mayStillSend(connection)) {
      const limit = `A client may send ${clientEventsPerSecond} events a second`;
      if (clientEventExcess === 'close') this.#app.cut(connection, limit);
      else connection.sendText(protocolError(limit, CLIENT_EVENT_RATE));
      return undefined;
    }
    const text = textOf(data);
    if (text === undefined || Buffer.byteLength(text) > maxEventBytes) {
      const limit = text === undefined ? 'is nested too deeply' : `has up to ${maxEventBytes} bytes`;
      connection.sendText(protocolError(`An event's data ${limit}`));
      return undefined;
    }
    const userId = this.#app.channels.get(name)?.members?.userOf(connection);
    const publication = { channel: name, event, data: text, userId };
    return this.#app.publisher.publishClientEvent(publication, connection.id)?.then((isPublished) => {
      if (!isPublished) connection.sendText(protocolError(`The event could not be published: ${event}`));
    });
  }

  /** Says in words what is wrong with the event's name or channel; undefined when nothing is. */
  #problem(connection: Connection, name: string, event: string): string | undefined {
    const { limits, channels, channelName, eventName } = this.#app;
    if (limits.clientEvents === false) return 'Client events are switched off for this application';
    if (!isPrivate(name) || isEncrypted(name))
      return 'Client events go to private and presence channels only, encrypted ones excepted';
    const channel = channels.get(name);
    if (channel === undefined || !connection.isOn(channel)) {
      if (limits.clientEvents !== 'all')
        return `Client events need a subscription to the channel: ${name.slice(0, channelName.maxLength)}`;
      const problem = channelNameProblem(name, channelName);
      if (problem !== undefined) return problem;
    }
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
    return connection.eventCount <= this.#app.limits.clientEventsPerSecond;
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
