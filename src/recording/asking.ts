import { askInTime } from '../core/ask-in-time.js';
import { ConfigurationError, PushError } from '../core/errors.js';
import { causeOf, cleaned, textOf } from '../core/redaction.js';
import { DeliveryError } from '../core/report.js';
import { firedEarly } from '../delivery/plan.js';
import { type ConcludingContext, type Conclusion, failed, skipped } from './conclusion.js';
import { UNREAD } from './conditions.js';
import { type Held, type HeldPart, recordOfHeld } from './held.js';
import type { RecordingHost } from './host.js';

/** What the conditions have said of messages. */
export interface Asked {
  /** Those that are sent. */
  readonly open: readonly Held[];
  readonly concluded: ReadonlyMap<Held, Conclusion>;
}

/** Asks the conditions of messages that are due. A message whose condition cannot be asked is not sent. */
export async function askConditions(
  all: readonly Held[],
  host: RecordingHost,
  context: () => ConcludingContext,
  signal?: AbortSignal | undefined,
): Promise<Asked> {
  if (all.every(({ stored }) => stored.condition === undefined)) return { open: all, concluded: new Map() };
  const concluded = new Map<Held, Conclusion>();
  const open = await Promise.all(
    all.map(async (held) => {
      try {
        const { condition } = held.stored;
        if (condition === undefined) return held;
        if (condition === UNREAD) return await withoutReaders(held, host, concluded, context());
        if (await isMet(held, condition, host, signal)) return held;
        concluded.set(held, skipped(held, 'condition', context()));
      } catch (error) {
        concluded.set(held, failed(held, conditionError(error, held, host), context()));
      }
      return undefined;
    }),
  );
  return { open: open.filter((held) => held !== undefined), concluded };
}

async function isMet(
  held: Held,
  name: string,
  { conditions, timeout }: RecordingHost,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const condition = conditions.get(name);
  if (condition === undefined)
    throw new ConfigurationError(
      `There is no condition "${name}" in this process: add it by PushService.condition("${name}", …).`,
      { retryable: true },
    );
  const wait = { missing: `The condition "${name}" did not answer`, consequence: 'nothing was sent' };
  const ask = async (): Promise<boolean> => condition(recordOfHeld(held), held.content.args);
  const answer: unknown = await askInTime(condition, ask, timeout, wait, { signal, aborted: firedEarly });
  if (typeof answer === 'boolean') return answer;
  throw new TypeError(
    `it must return true or false, not ${answer === null ? 'null' : `a value of type ${typeof answer}`}.`,
  );
}

/** Leaves out the users who have read a message. @returns undefined when all have */
async function withoutReaders(
  held: Held,
  { store }: RecordingHost,
  concluded: Map<Held, Conclusion>,
  context: ConcludingContext,
): Promise<Held | undefined> {
  const { id, recipients } = held.stored;
  const read = new Set((await store.readers([id])).get(id));
  if (read.size === 0) return held;
  const ids = recipients.users ?? [];
  const left = ids.filter((user) => !read.has(user));
  if (left.length === 0) {
    concluded.set(held, skipped(held, 'read', context));
    return undefined;
  }
  const parts = held.parts?.map((part) => withUsers(part, (id) => !read.has(id)));
  const users = held.users?.filter((_, index) => !read.has(ids[index] ?? ''));
  return { ...held, stored: { ...held.stored, recipients: { users: left } }, parts, users };
}

/** A part for some of its users. */
function withUsers(part: HeldPart, isLeft: (id: string) => boolean): HeldPart {
  const { draft, ids } = part;
  const users = draft.users.filter((_, index) => isLeft(ids[index] ?? ''));
  return { ...part, draft: { ...draft, users }, ids: ids.filter(isLeft) };
}

function conditionError(error: unknown, { stored: { condition } }: Held, { destinations }: RecordingHost): PushError {
  if (PushError.isPushError(error) && (error.retryable || error.code === 'ABORTED'))
    return cleaned(error, destinations);
  return new DeliveryError(`The condition "${condition}" failed, so nothing was sent: ${textOf(error, destinations)}`, {
    outcome: 'rejected',
    retryable: true,
    cause: causeOf(error, destinations),
  });
}
