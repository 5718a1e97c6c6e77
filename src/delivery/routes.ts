import { askInTime } from '../core/ask-in-time.js';
import { PushError } from '../core/errors.js';
import { causeOf, cleaned, textOf } from '../core/redaction.js';
import { DeliveryError } from '../core/report.js';
import { TimeSlices } from '../core/time-slices.js';
import type { PushUser } from '../sessions/adapter.js';
import type { JsonValue, PushNotification } from '../wire/message.js';
import type { Destination, Destinations } from './destination.js';
import { firedEarly } from './plan.js';
import type { RoutedMessage } from './routing.js';

/** The parts of a message that routes see, with the data as JSON text. */
export interface RoutedParts {
  readonly event: string;
  readonly json: string;
  readonly notification: PushNotification | undefined;
  readonly tag: string | undefined;
}

/** How routes are asked. */
export interface RouteCall {
  /** How long they have, in milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** Whether the message is recorded, so that it can be tried again whatever the reason of a failure is. */
  readonly isRecorded: boolean;
}

/**
 * Asks the setting `routes` about the users of a message.
 * @returns the destinations of each user, in their order
 * @throws ValidationError for an answer that names no backend; DeliveryError when it throws; TimeoutError when it does
 * not answer; AbortError
 */
export async function routed(
  users: readonly unknown[],
  message: RoutedParts,
  destinations: Destinations,
  { timeout, signal, isRecorded }: RouteCall,
): Promise<ReadonlyArray<readonly Destination[]>> {
  const { routes } = destinations;
  if (routes === undefined) return users.map(() => [destinations.first]);
  const view = viewOf(message);
  const ask = async (): Promise<unknown[]> => {
    const slices = new TimeSlices();
    const answers: unknown[] = [];
    for (const user of users) {
      const answer = routes(idAsText(user) as PushUser, view);
      // One may be rejected before they are all waited for.
      if (answer instanceof Promise) answer.catch(() => {});
      answers.push(answer);
      if (slices.isOver) await slices.next();
    }
    return Promise.all(answers);
  };
  const wait = { missing: 'The setting "routes" did not answer', consequence: 'nothing was sent' };
  let answers: readonly unknown[];
  try {
    answers = await askInTime(routes, ask, timeout, wait, { signal, aborted: firedEarly });
  } catch (error) {
    if (PushError.isPushError(error)) throw cleaned(error, destinations);
    throw new DeliveryError(`Nothing was sent, because the setting "routes" failed: ${textOf(error, destinations)}`, {
      cause: causeOf(error, destinations),
      outcome: 'rejected',
      retryable: isRecorded,
    });
  }
  const known = new Map<unknown, readonly Destination[]>([[undefined, [destinations.first]]]);
  return answers.map((answer) => {
    const found = known.get(answer) ?? destinationsOf(answer, destinations);
    if (typeof answer === 'string') known.set(answer, found);
    return found;
  });
}

/** A number and its text are the same user, and a recorded message keeps the text. */
function idAsText(user: unknown): unknown {
  return typeof user === 'number' || typeof user === 'bigint' ? String(user) : user;
}

function destinationsOf(answer: unknown, destinations: Destinations): readonly Destination[] {
  const names: readonly unknown[] = Array.isArray(answer) ? answer : [answer];
  return [...new Set(names.map((name) => destinations.known(name, 'The answer of the setting "routes"')))];
}

function viewOf({ event, json, notification, tag }: RoutedParts): RoutedMessage {
  let data: JsonValue | undefined;
  return {
    event,
    get data() {
      data ??= frozen(JSON.parse(json) as JsonValue);
      return data;
    },
    notification: notification && Object.freeze({ ...notification }),
    tag,
  };
}

/** The value, which nobody can change any more: one user's answer must not depend on what was asked before. */
function frozen<Value extends JsonValue>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const each of Object.values(value)) frozen(each);
  return Object.freeze(value);
}
