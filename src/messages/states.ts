/**
 * The state of a recorded message. `WAITING`: to be sent, now or later. `SENDING`: somebody holds a lease on it.
 * `SENT`: accepted for at least one channel. `ERROR_RETRY`: failed, and waits for its next try. `ERROR`: failed for
 * good. `DEBUG`: recorded, and meant for nobody. `SKIPPED`: not sent, for a reason that the record names. `CANCELLED`:
 * taken back before it was sent.
 */
export type MessageState = 'WAITING' | 'SENDING' | 'SENT' | 'ERROR_RETRY' | 'ERROR' | 'DEBUG' | 'SKIPPED' | 'CANCELLED';

/** The states that may follow on each state. Every store keeps to it, by comparing before it sets. */
export const transitions: Readonly<Record<MessageState, readonly MessageState[]>> = {
  WAITING: ['SENDING', 'CANCELLED'],
  // Back to WAITING: handed back by who had not begun it, or the provider is away.
  SENDING: ['SENT', 'ERROR_RETRY', 'ERROR', 'DEBUG', 'SKIPPED', 'CANCELLED', 'WAITING'],
  ERROR_RETRY: ['SENDING', 'CANCELLED', 'WAITING'],
  // By `retry`.
  ERROR: ['WAITING'],
  SKIPPED: ['WAITING'],
  SENT: [],
  DEBUG: [],
  CANCELLED: [],
};

/** All states. */
export const messageStates: readonly MessageState[] = Object.keys(transitions) as MessageState[];

/** A state in which a message stays. */
export type EndState = Exclude<MessageState, 'WAITING' | 'SENDING' | 'ERROR_RETRY'>;

/** The states in which a message stays. */
export const endStates: readonly EndState[] = ['SENT', 'ERROR', 'DEBUG', 'SKIPPED', 'CANCELLED'];

/** The `reason` of a `SKIPPED` message that its template refuses to its users. */
export const REFUSED = 'canSend';

/** The states from which another one may follow. */
export function statesBefore(next: MessageState): readonly MessageState[] {
  return messageStates.filter((state) => transitions[state].includes(next));
}

/** The states in which a message waits for its time. */
export const waitingStates: readonly MessageState[] = ['WAITING', 'ERROR_RETRY'];
