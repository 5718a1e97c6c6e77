import { Deadline, type Wait } from '../../core/deadline.js';
import type { Awaitable } from '../../core/until-aborted.js';
import { asPushError } from './failure.js';
import type { AnyBackend } from './wrapper.js';

/**
 * Asks something of a backend, within a time, unless the backend has deadlines of its own.
 * @param timeout in milliseconds
 * @param failure what the backend did not do, such as `tell about "orders"`
 * @param consequence what follows when it does not answer
 * @throws TimeoutError when it does not answer in time; whatever the backend throws
 */
export function askBackend<Answer>(
  backend: AnyBackend,
  timeout: number,
  work: () => Awaitable<Answer>,
  failure: string,
  consequence = 'nothing was sent',
): Awaitable<Answer> {
  if (backend.hasOwnDeadlines) return work();
  const wait: Wait = { missing: `The ${backend.name} backend did not ${failure}`, consequence, backend: backend.name };
  return new Deadline(timeout).wait((async () => work())(), wait);
}

/**
 * Asks something of a backend as `askBackend` does, for a caller who hands failures on to the application.
 * @throws PushError
 */
export async function answerFrom<Answer>(
  backend: AnyBackend,
  timeout: number,
  question: (backend: AnyBackend) => Awaitable<Answer>,
  failure: string,
  consequence?: string,
): Promise<Answer> {
  try {
    return await askBackend(backend, timeout, () => question(backend), failure, consequence);
  } catch (error) {
    throw asPushError(error, backend);
  }
}

/** What follows when a subscription, or its end, is not confirmed. */
export const NOT_SUBSCRIBED = 'nothing is received from it, and nothing was sent';
/** What follows when a client is not signed in, or not let into a channel. */
export const NOT_AUTHORISED = 'nothing was authorised, and nothing was sent';
/** What follows when connections are not ended. */
export const NOT_DISCONNECTED = 'connections may go on, and nothing was sent';
