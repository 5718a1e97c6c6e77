import { type Caller, Deadline, type Wait } from './deadline.js';
import { TimeoutError } from './errors.js';

/** Most calls that somebody may leave unanswered beyond their deadline. */
const MAX_LATE = 1000;
/** How long a call may be late until its answer counts as lost, in milliseconds. */
const LOST_AFTER_MS = 600_000;

/** Calls that nobody waits for any more and that have not ended: when each is late, by whom was asked. */
const unanswered = new WeakMap<object, Set<{ readonly lateAt: number }>>();

/**
 * Asks somebody, and waits for the answer no longer than a deadline. A call that is late goes on, because nobody can
 * end a promise, and it holds memory here and with whoever is asked: the client of a Redis that is frozen keeps a queue
 * of commands. So who leaves 1 000 calls unanswered is not asked again before some of them have ended, or are ten
 * minutes late.
 * @param whom identifies who is asked
 * @param ms the time for the answer, in milliseconds
 * @throws TimeoutError when the answer does not come in time, and at once when too many are late
 * @throws whatever the caller's `aborted` makes, when the caller's signal fires first
 */
export async function askInTime<Answer>(
  whom: object,
  ask: () => Promise<Answer>,
  ms: number,
  wait: Wait,
  caller?: Caller,
): Promise<Answer> {
  const calls = unanswered.get(whom) ?? new Set();
  unanswered.set(whom, calls);
  if (isOverdue(calls)) {
    const { missing, consequence, backend, outcome = 'rejected' } = wait;
    const end = consequence === undefined ? '.' : `: ${consequence}.`;
    throw new TimeoutError(`${missing} ${MAX_LATE} times, and is not asked again before it does${end}`, {
      backend,
      outcome,
    });
  }
  const call = { lateAt: performance.now() + ms };
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
    calls.delete(call);
  };
  const answer = ask();
  answer.then(end, end);
  try {
    return await new Deadline(ms).wait(answer, wait, caller);
  } finally {
    if (!hasEnded) calls.add(call);
  }
}

function isOverdue(calls: Set<{ readonly lateAt: number }>): boolean {
  if (calls.size < MAX_LATE) return false;
  const now = performance.now();
  let late = 0;
  for (const call of calls) {
    if (now - call.lateAt > LOST_AFTER_MS) calls.delete(call);
    else if (now >= call.lateAt) late++;
  }
  return late >= MAX_LATE;
}
