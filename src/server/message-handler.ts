import { pong, protocolError } from '../pusher-protocol/messages.js';
import { CLIENT_EVENT_PREFIX } from '../pusher-protocol/names.js';
import { parseMessage } from '../pusher-protocol/parse-message.js';
import { ActivitySweep } from './activity-sweep.js';
import type { App } from './app.js';
import { ClientEventHandler } from './client-event-handler.js';
import type { Connection } from './connection.js';
import { textFrame } from './frames.js';
import { MessageBudget } from './message-budget.js';
import { signIn } from './sign-in.js';
import { SubscribeHandler } from './subscribe-handler.js';
import { SubscriptionRate } from './subscription-rate.js';

const pongFrame = textFrame(pong);

/**
 * Answers the messages that the clients of one application send. No message makes it throw. Whoever reads them asks the
 * budget first, and tells the sweep.
 */
export class MessageHandler {
  readonly app: App;
  readonly budget: MessageBudget;
  readonly sweep: ActivitySweep;
  readonly #rate: SubscriptionRate;
  readonly #subscribing: SubscribeHandler;
  readonly #clientEvents: ClientEventHandler;

  constructor(app: App) {
    this.app = app;
    this.budget = new MessageBudget(app.limits);
    this.sweep = new ActivitySweep(app);
    this.#rate = new SubscriptionRate(app.limits);
    this.#subscribing = new SubscribeHandler(app, this.#rate);
    this.#clientEvents = new ClientEventHandler(app);
  }

  /** @returns with a relay, a promise for what takes time, which rejects for an unexpected error alone */
  receive(connection: Connection, text: string): Promise<void> | undefined {
    const message = parseMessage(text);
    if (typeof message === 'string') {
      connection.sendText(protocolError(message));
      return undefined;
    }
    const { event, data } = message;
    if (event === 'pusher:subscribe') return this.#subscribing.subscribe(connection, data);
    if (event === 'pusher:signin') return this.#signIn(connection, data);
    if (event.startsWith(CLIENT_EVENT_PREFIX)) return this.#clientEvents.receive(connection, message);
    if (event === 'pusher:ping') connection.send(pongFrame);
    else if (event === 'pusher:unsubscribe') this.#subscribing.unsubscribe(connection, data);
    else if (event === 'pusher:pong') connection.answersPusherPing = true;
    else connection.sendText(protocolError(`Unknown event: ${event.slice(0, 100)}`));
    return undefined;
  }

  #signIn(connection: Connection, data: unknown): Promise<void> | undefined {
    const { limits } = this.app;
    if (this.#rate.take(connection)) {
      const sent = signIn(this.app, connection, data);
      if (typeof sent === 'number') this.#rate.sent(connection, sent);
      else return sent.then((bytes) => this.#rate.sent(connection, bytes));
    } else
      connection.sendText(protocolError(`A connection may sign in ${limits.subscriptionsPerSecond} times a second`));
    return undefined;
  }
}
