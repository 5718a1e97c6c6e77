import type { IncomingMessage } from '../wire/message.js';
import type { Inbox } from './inbox.js';
import type { Subscriptions } from './subscriptions.js';

/** The parts of a running service that a loop uses. */
export interface LoopSource {
  readonly subscriptions: Subscriptions;
  /** All running loops. */
  readonly loops: Set<MessageQueue>;
  /** Resolves when the backend is open. @throws PushError when it could not be opened, or not in time */
  opened(): Promise<unknown>;
}

/**
 * Loops over the messages of a channel, and is subscribed to it while the loop lasts.
 * @param signal ends the loop without an error
 */
export function messageLoop(
  channel: string,
  source: LoopSource,
  inbox: Inbox,
  signal: AbortSignal | undefined,
): MessageQueue {
  const { subscriptions, loops } = source;
  const listener = (message: IncomingMessage): void => {
    if (message.channel === channel || message.subscription === channel) queue.push(message);
  };
  const onAbort = (): void => void queue.end();
  const subscribed = source.opened().then(() => subscriptions.beginLoop(channel));
  const queue = new MessageQueue(async () => {
    inbox.remove(listener);
    loops.delete(queue);
    signal?.removeEventListener('abort', onAbort);
    await subscribed.then(() => subscriptions.endLoop(channel)).catch(() => {});
  });
  inbox.add(listener);
  loops.add(queue);
  subscribed.catch((error: unknown) => queue.end({ error }));
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort);
  return queue;
}

/** A queue of messages for `for await`. It drops none, so its memory grows while a loop is slower than the messages. */
export class MessageQueue implements AsyncIterableIterator<IncomingMessage> {
  /** The newest messages, in order. */
  #waiting: IncomingMessage[] = [];
  /** The oldest messages, in reverse: taking from the end of a list is cheap, and from the front it is not. */
  #upcoming: IncomingMessage[] = [];
  readonly #onEnd: () => Promise<void>;
  #next: PromiseWithResolvers<IteratorResult<IncomingMessage, undefined>>[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;

  /** @param onEnd called once, when the loop or `end` ends the queue */
  constructor(onEnd: () => Promise<void>) {
    this.#onEnd = onEnd;
  }

  push(message: IncomingMessage): void {
    if (this.#ending !== undefined) return;
    const next = this.#next.shift();
    if (next === undefined) this.#waiting.push(message);
    else next.resolve({ done: false, value: message });
  }

  /** Ends the loop after the messages that wait. With a failure, the loop then throws its error. */
  end(failure?: { readonly error: unknown }): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    this.#failure = failure;
    this.#ending = this.#onEnd();
    const waiting = this.#next;
    this.#next = [];
    for (const next of waiting) this.#settle(next);
    return this.#ending;
  }

  next(): Promise<IteratorResult<IncomingMessage, undefined>> {
    const value = this.#take();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    const next = Promise.withResolvers<IteratorResult<IncomingMessage, undefined>>();
    if (this.#ending === undefined) this.#next.push(next);
    else this.#settle(next);
    return next.promise;
  }

  async return(): Promise<IteratorResult<IncomingMessage, undefined>> {
    this.#waiting = [];
    this.#upcoming = [];
    await this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(): IncomingMessage | undefined {
    if (this.#upcoming.length === 0) {
      this.#upcoming = this.#waiting.reverse();
      this.#waiting = [];
    }
    return this.#upcoming.pop();
  }

  #settle(next: PromiseWithResolvers<IteratorResult<IncomingMessage, undefined>>): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure === undefined) next.resolve({ done: true, value: undefined });
    else next.reject(failure.error);
  }
}
