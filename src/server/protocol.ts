import { pong, protocolError } from '../pusher-protocol/messages.js';
import { CLIENT_EVENT_PREFIX } from '../pusher-protocol/names.js';
import { parseMessage } from '../pusher-protocol/parse-message.js';
import type { App } from './app.js';
import { ClientEvents } from './client-events.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';
import type { FilledOptions } from './options.js';
import { signIn } from './sign-in.js';
import { SubscriptionRate } from './subscription-rate.js';
import { Subscriptions } from './subscriptions.js';

const pongMessage = textFrame(pong);

/** Answers what the clients of one application say. Nothing that a client says throws. */
export class Protocol {
  readonly app: App;
  readonly #limits: FilledOptions;
  readonly #rate: SubscriptionRate;
  readonly #subscriptions: Subscriptions;
  readonly #clientEvents: ClientEvents;

  constructor(app: App, limits: FilledOptions) {
    this.app = app;
    this.#limits = limits;
    this.#rate = new SubscriptionRate(limits);
    this.#subscriptions = new Subscriptions(app, limits, this.#rate);
    this.#clientEvents = new ClientEvents(app, limits);
  }

  receive(connection: Connection, text: string): void {
    const message = parseMessage(text);
    if (typeof message === 'string') {
      connection.sendText(protocolError(message));
      return;
    }
    const { event, data } = message;
    if (event === 'pusher:ping') connection.send(pongMessage);
    else if (event === 'pusher:subscribe') this.#subscriptions.subscribe(connection, data);
    else if (event === 'pusher:unsubscribe') this.#subscriptions.unsubscribe(connection, data);
    else if (event === 'pusher:signin') this.#signIn(connection, data);
    else if (event.startsWith(CLIENT_EVENT_PREFIX)) this.#clientEvents.relay(connection, message);
    else if (event !== 'pusher:pong') connection.sendText(protocolError(`Unknown event: ${event.slice(0, 100)}`));
  }

  #signIn(connection: Connection, data: unknown): void {
    const { subscriptionsPerSecond, maxEventBytes } = this.#limits;
    if (this.#rate.take(connection)) signIn(this.app, connection, data, maxEventBytes);
    else connection.sendText(protocolError(`A connection may sign in ${subscriptionsPerSecond} times a second`));
  }
}
