import type { IncomingMessage } from '../wire/message.js';
import type { Inbox } from './inbox.js';
import type { Subscriptions } from './subscriptions.js';

/** What a loop over a channel's messages lives on. */
export interface LoopSource {
  readonly subscriptions: Subscriptions;
  /** Where the loop is noted while it lasts. */
  readonly loops: Set<MessageQueue>;
  readonly ready: Promise<void>;
}

/** Subscribes to a channel for as long as the loop over its messages lasts. @param signal ends the loop without an error */
export function messageLoop(
  channel: string,
  { subscriptions, loops, ready }: LoopSource,
  inbox: Inbox,
  signal: AbortSignal | undefined,
): MessageQueue {
  const listener = (message: IncomingMessage): void => {
    if (message.channel === channel || message.subscription === channel) queue.push(message);
  };
  const onAbort = (): void => void queue.end();
  const subscribed = ready.then(() => subscriptions.beginLoop(channel));
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

/** Messages waiting for `for await`: none is dropped, so a loop that falls behind for good holds memory. */
export class MessageQueue implements AsyncIterableIterator<IncomingMessage> {
  /** What came last, in order; and what comes next, in reverse: taking from the front of a long list would move all of it. */
  #waiting: IncomingMessage[] = [];
  #upcoming: IncomingMessage[] = [];
  readonly #onEnd: () => Promise<void>;
  #next: PromiseWithResolvers<IteratorResult<IncomingMessage, undefined>>[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> | undefined;

  /** @param onEnd called once, when the loop ends or `end` is called */
  constructor(onEnd: () => Promise<void>) {
    this.#onEnd = onEnd;
  }

  push(message: IncomingMessage): void {
    if (this.#ending !== undefined) return;
    const next = this.#next.shift();
    if (next === undefined) this.#waiting.push(message);
    else next.resolve({ done: false, value: message });
  }

  /** Ends the loop after what is waiting; with an error, the loop throws it then. */
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
