import { setTimeout as pause } from 'node:timers/promises';
import { ValidationError } from '../core/errors.js';
import type { DeliveryError } from '../core/report.js';
import { untilAborted } from '../core/until-aborted.js';
import { firedEarly } from '../delivery/plan.js';
import type { NewMessage, Recorded, StoredMessage } from '../messages/store.js';
import type { Dispatched } from './dispatcher.js';
import type { RecordingHost } from './host.js';
import { pushErrorOf, reportOfStored, waitingReport } from './record-report.js';

/** How often the store is asked whether the first call has ended, in milliseconds. */
const ASK_EVERY_MS = 100;

/** The call whose message was left out. */
interface RepeatedCall {
  readonly startedAt: number;
  readonly signal: AbortSignal | undefined;
  /** Whether it waits until its message is sent. One in a transaction keeps locks meanwhile, which others wait for. */
  readonly waits: boolean;
}

/**
 * The report of the message that was recorded with the same idempotency key, or the failure of another one. It waits
 * while that message is being sent, for as long as an attempt may take; then its status is `waiting`.
 * @throws AbortError when the signal fires first
 */
export async function earlierReport(
  { id, digest }: Recorded,
  message: NewMessage,
  host: RecordingHost,
  call: RepeatedCall,
): Promise<Pick<Dispatched, 'report' | 'failure'>> {
  const { startedAt } = call;
  const key = message.idempotency?.key;
  if (digest !== message.idempotency?.digest) {
    const failure = new ValidationError(
      `The "idempotencyKey" ${JSON.stringify(key)} belongs to another message, ${id}: give each message a key of its own.`,
    );
    return { report: { ...waitingReport(message, startedAt), status: 'rejected' }, failure };
  }
  const earlier = await whenSent(id, host, call);
  // It was purged, and its key is about to be.
  if (earlier === undefined) return { report: waitingReport({ ...message, id }, startedAt), failure: undefined };
  const report = reportOfStored(earlier, startedAt, host.destinations.areNamed);
  const isRefused = earlier.state === 'ERROR' && report.rejected.length === 0;
  return { report, failure: isRefused ? refusal(earlier) : undefined };
}

function refusal({ error }: StoredMessage): DeliveryError | undefined {
  return error && pushErrorOf(error);
}

async function whenSent(
  id: string,
  { store, service, timeout }: RecordingHost,
  { signal, waits }: RepeatedCall,
): Promise<StoredMessage | undefined> {
  const lateAt = performance.now() + timeout;
  for (;;) {
    const [found] = await store.get(service, [id]);
    if (found?.state !== 'SENDING' || !waits || performance.now() > lateAt) return found;
    await untilAborted(pause(ASK_EVERY_MS), signal, firedEarly);
  }
}
