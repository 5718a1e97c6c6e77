import { statesBefore, waitingStates } from '../states.js';

/** The states in which a message waits, as a list in SQL. */
export const waiting: string = listOf(waitingStates);

/** The states from which a message is tried again at will. Whoever holds a message is sending it. */
export const repeatable: string = listOf(statesBefore('WAITING').filter((state) => state !== 'SENDING'));

/** States as a list in SQL. */
export function listOf(states: readonly string[]): string {
  return states.map((state) => `'${state}'`).join(', ');
}
