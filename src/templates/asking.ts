import { askInTime } from '../core/ask-in-time.js';
import { PushError, ValidationError } from '../core/errors.js';
import { TimeSlices } from '../core/time-slices.js';
import { firedEarly } from '../delivery/plan.js';

/** Most users that something is asked about at once. */
const MOST_AT_ONCE = 100;
/** How the application's functions are asked. */
export interface Asking {
  readonly slug: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Asks a function of the application, in time. One that answers at once costs no promise.
 * @param whom the function, which is asked no more when it has left many calls unanswered
 * @param name in words, such as `"canSend"`
 * @throws ValidationError with what it threw as the cause; a PushError that it threw itself; TimeoutError; AbortError
 */
export function ask<Answer>(
  whom: object,
  call: () => Answer | PromiseLike<Answer>,
  name: string,
  { slug, timeout, signal }: Asking,
): Answer | Promise<Answer> {
  const failed = (cause: unknown): never => {
    if (PushError.isPushError(cause)) throw cause;
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    throw new ValidationError(`The template "${slug}": ${name} failed, so nothing was sent${why}`, { cause });
  };
  let answer: Answer | PromiseLike<Answer>;
  try {
    answer = call();
  } catch (error) {
    return failed(error);
  }
  if (!isThenable(answer)) return answer;
  const wait = { missing: `${name} of the template "${slug}" did not answer`, consequence: 'nothing was sent' };
  const later = answer;
  return askInTime(whom, async () => later, timeout, wait, { signal, aborted: firedEarly }).catch(failed);
}

function isThenable<Answer>(answer: Answer | PromiseLike<Answer>): answer is PromiseLike<Answer> {
  return typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function';
}

/**
 * Does something for each of many users: a hundred at once, and in slices of time. The first failure ends it.
 * @returns the results, in the order of the users
 */
export async function forEachUser<User, Result>(
  users: readonly User[],
  signal: AbortSignal | undefined,
  work: (user: User) => Result | Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array(users.length);
  // Rendering takes longer than a look at the clock.
  const slices = new TimeSlices(1);
  let pause: Promise<void> | undefined;
  let next = 0;
  let hasFailed = false;
  const run = async (): Promise<void> => {
    while (next < users.length && !hasFailed) {
      // All of them rest together: whoever went on would keep the event loop busy.
      if (slices.isOver)
        pause ??= slices.next().finally(() => {
          pause = undefined;
        });
      if (pause !== undefined) {
        await pause;
        continue;
      }
      if (signal?.aborted) throw firedEarly(signal);
      const index = next++;
      const result = work(users[index] as User);
      results[index] = isThenable(result) ? await result : result;
    }
  };
  const runs = Array.from({ length: Math.min(MOST_AT_ONCE, users.length) }, () =>
    run().catch((error: unknown) => {
      hasFailed = true;
      throw error;
    }),
  );
  await Promise.all(runs);
  return results;
}
