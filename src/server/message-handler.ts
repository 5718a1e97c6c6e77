import { pong, protocolError } from '../pusher-protocol/messages.js';
import { CLIENT_EVENT_PREFIX } from '../pusher-protocol/names.js';
import { parseMessage } from '../pusher-protocol/parse-message.js';
import type { App } from './app.js';
import type { FilledOptions } from './checked-options.js';
import { ClientEventHandler } from './client-event-handler.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';
import { signIn } from './sign-in.js';
import { SubscribeHandler } from './subscribe-handler.js';
import { SubscriptionRate } from './subscription-rate.js';

const pongFrame = textFrame(pong);

/** Answers the messages that the clients of one application send. No message makes it throw. */
export class MessageHandler {
  readonly app: App;
  readonly #limits: FilledOptions;
  readonly #rate: SubscriptionRate;
  readonly #subscribing: SubscribeHandler;
  readonly #clientEvents: ClientEventHandler;

  constructor(app: App, limits: FilledOptions) {
    this.app = app;
    this.#limits = limits;
    this.#rate = new SubscriptionRate(limits);
    this.#subscribing = new SubscribeHandler(app, limits, this.#rate);
    this.#clientEvents = new ClientEventHandler(app, limits);
  }

  receive(connection: Connection, text: string): void {
    const message = parseMessage(text);
    if (typeof message === 'string') {
      connection.sendText(protocolError(message));
      return;
    }
    const { event, data } = message;
    if (event === 'pusher:ping') connection.send(pongFrame);
    else if (event === 'pusher:subscribe') this.#subscribing.subscribe(connection, data);
    else if (event === 'pusher:unsubscribe') this.#subscribing.unsubscribe(connection, data);
    else if (event === 'pusher:signin') this.#signIn(connection, data);
    else if (event.startsWith(CLIENT_EVENT_PREFIX)) this.#clientEvents.receive(connection, message);
    else if (event === 'pusher:pong') connection.answersPusherPing = true;
    else connection.sendText(protocolError(`Unknown event: ${event.slice(0, 100)}`));
  }

  #signIn(connection: Connection, data: unknown): void {
    const { subscriptionsPerSecond } = this.#limits;
    if (this.#rate.take(connection)) this.#rate.sent(connection, signIn(this.app, connection, data, this.#limits));
    else connection.sendText(protocolError(`A connection may sign in ${subscriptionsPerSecond} times a second`));
  }
}
