import { REFUSED, statesBefore, waitingStates } from '../states.js';

/** The states in which a message waits, as a list in SQL. */
export const waiting: string = listOf(waitingStates);

/** The states from which a message is tried again at will. Whoever holds a message is sending it. */
export const repeatable: string = listOf(statesBefore('WAITING').filter((state) => state !== 'SENDING'));

/**
 * Whether a message is one for its users to read: not cancelled, and not refused by its template.
 * @param of the table of the message, by its name in the statement, with a full stop
 */
export function readable(of: string): string {
  const isOther = `${of}state <> 'SKIPPED' OR ${of}reason IS NULL OR ${of}reason <> '${REFUSED}'`;
  return `${of}state <> 'CANCELLED' AND (${isOther})`;
}

/** States as a list in SQL. */
export function listOf(states: readonly string[]): string {
  return states.map((state) => `'${state}'`).join(', ');
}
