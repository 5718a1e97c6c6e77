import type { Awaitable } from '../../core/until-aborted.js';
import { askBackend, NOT_AUTHORISED, NOT_DISCONNECTED } from '../contract/ask.js';
import type { Listener } from '../contract/listening.js';
import type { AnyBackend } from '../contract/wrapper.js';
import type { Child } from './child.js';

/** What a composite passes on to those of its backends that can answer. */
export interface Asking {
  readonly children: readonly Child[];
  /** How long a backend has for an answer, in milliseconds. */
  readonly timeout: number;
}

/** An ability that one backend is enough for. */
type Ability = 'authorize' | 'authenticate' | 'presence';

/** The first backend that has an ability. */
export function firstAble(ability: Ability, children: readonly Child[]): AnyBackend | undefined {
  return children.find(({ capabilities }) => capabilities[ability])?.backend;
}

/**
 * Asks the first backend that can, within its time.
 * @param failure what the backend did not do when it does not answer, in words
 * @returns undefined when none can
 */
export function askFirst<Answer>(
  ability: Ability,
  work: (backend: AnyBackend) => Awaitable<Answer>,
  failure: string,
  { children, timeout }: Asking,
): Awaitable<Answer> | undefined {
  const backend = firstAble(ability, children);
  const consequence = ability === 'presence' ? undefined : NOT_AUTHORISED;
  return backend && askBackend(backend, timeout, () => work(backend), failure, consequence);
}

/**
 * Ends the connections at every backend that can.
 * @returns how many; undefined when one of them does not tell
 * @throws PushError the first failure, after all were asked
 */
export async function disconnectAll(who: Listener, { children, timeout }: Asking): Promise<number | undefined> {
  const kind = who.userId === undefined ? 'session' : 'user';
  const able = children.filter(({ capabilities }) => capabilities.disconnects.includes(kind));
  const ends = await Promise.allSettled(
    able.map(async ({ backend }) =>
      askBackend(backend, timeout, () => backend.disconnect(who), 'end connections', NOT_DISCONNECTED),
    ),
  );
  const counts = ends.map((end) => {
    if (end.status === 'rejected') throw end.reason;
    return end.value;
  });
  return counts.reduce<number | undefined>(
    (sum, count) => (sum === undefined || count === undefined ? undefined : sum + count),
    0,
  );
}
