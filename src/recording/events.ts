import { Listeners } from '../core/listeners.js';
import type { Logger } from '../core/logger.js';
import type { MessageRecord } from '../messages/record.js';
import type { MessageState } from '../messages/states.js';

/**
 * What happens to recorded messages. `recorded`: it is in the store, with `transaction` once that commits. `sent`: at
 * least one channel accepted it, or it is `DEBUG`. `failed`: for good. `retrying`: it failed, and is tried again.
 * `skipped` and `cancelled`: it is not sent.
 */
export type MessageEventName = 'recorded' | 'sent' | 'failed' | 'retrying' | 'skipped' | 'cancelled';

/** Called with the message, as it is recorded then. */
export type MessageEventListener = (message: MessageRecord) => unknown;

export const messageEvents: readonly MessageEventName[] = [
  'recorded',
  'sent',
  'failed',
  'retrying',
  'skipped',
  'cancelled',
];

/** The event that tells of a new state. */
export const eventOfState: Readonly<Partial<Record<MessageState, MessageEventName>>> = {
  SENT: 'sent',
  DEBUG: 'sent',
  ERROR: 'failed',
  ERROR_RETRY: 'retrying',
  SKIPPED: 'skipped',
  CANCELLED: 'cancelled',
};

/** The listeners of what happens to recorded messages. */
export class MessageEvents {
  readonly #listeners: ReadonlyMap<MessageEventName, Listeners<MessageRecord>>;

  constructor(logger: () => Logger) {
    this.#listeners = new Map(
      messageEvents.map((event) => [
        event,
        new Listeners<MessageRecord>((err, { id }) =>
          logger().error({ err, event, id }, `a listener of "${event}" failed`),
        ),
      ]),
    );
  }

  of(event: MessageEventName): Listeners<MessageRecord> {
    return this.#listeners.get(event) as Listeners<MessageRecord>;
  }

  /** Tells the listeners, if there are any. @param record makes the record */
  tell(event: MessageEventName, record: () => MessageRecord): void {
    const listeners = this.of(event);
    if (!listeners.isEmpty) listeners.call(record());
  }

  clear(): void {
    for (const listeners of this.#listeners.values()) listeners.clear();
  }
}
