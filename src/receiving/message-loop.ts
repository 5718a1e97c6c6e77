import type { IncomingMessage } from '../message.js';
import type { Inbox } from './inbox.js';
import { MessageQueue } from './message-queue.js';
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
