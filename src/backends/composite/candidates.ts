import type { Child } from './child.js';
import { leftOutError, type Refusal } from './errors.js';

/**
 * The backends that a request may go to, in order: those whose circuit is closed or due for a try. Where there is none, those whose
 * circuit is open, the one that failed longest ago first: better a try that may fail than none. One whose provider asked to wait is
 * never asked.
 */
export function candidatesOf(children: readonly Child[]): readonly Child[] {
  const live = children.filter(({ circuit }) => circuit.isLive);
  if (live.length > 0) return live;
  return children.filter(({ circuit }) => !circuit.isResting).sort((a, b) => a.circuit.failedAt - b.circuit.failedAt);
}

/** What stands for the answer of a backend that was not asked. */
export function leftOut({ label, backend, circuit }: Child): Refusal {
  return { label, error: leftOutError(backend.name, circuit.waitMs) };
}
