import { type BackendReport, DeliveryError, type SendReport, type SendStatus } from '../core/report.js';
import type { ChannelOutcome, RecordedError } from '../messages/record.js';
import type { MessageState } from '../messages/states.js';
import type { NewMessage, StoredMessage } from '../messages/store.js';
import { NOTHING_SENT } from './leg-end.js';
import { senderData } from './record.js';

/** The report of a message that waits in the store. */
export function waitingReport({ id, event }: NewMessage, startedAt: number): SendReport {
  return { id, event, status: 'waiting', ...NOTHING_SENT, durationMs: performance.now() - startedAt };
}

/** The report of a message, from its record. @param areNamed whether it tells of several backends */
export function reportOfStored(stored: StoredMessage, startedAt: number, areNamed: boolean): SendReport {
  const { id, event, state, outcomes, attempts } = stored;
  const lists = listsOf(outcomes, attempts);
  const failed = outcomes.filter(({ error }) => error !== undefined);
  return {
    id,
    event,
    status: statusOf(state, lists.accepted.length, failed.length, stored.reason),
    ...lists,
    ...(areNamed && { backends: byBackend(outcomes, attempts) }),
    durationMs: performance.now() - startedAt,
  };
}

function byBackend(outcomes: readonly ChannelOutcome[], attempts: number): Record<string, BackendReport> {
  const names = new Set(outcomes.map(({ backend = '' }) => backend));
  return Object.fromEntries(
    Array.from(names, (name) => [
      name,
      listsOf(
        outcomes.filter(({ backend = '' }) => backend === name),
        attempts,
      ),
    ]),
  );
}

/** What became of channels. */
function listsOf(outcomes: readonly ChannelOutcome[], attempts: number): BackendReport {
  const inState = (wanted: ChannelOutcome['state']): readonly string[] =>
    outcomes.flatMap(({ state: found, channels }) => (found === wanted ? channels : []));
  const accepted = inState('accepted');
  const failed = outcomes.filter(({ error }) => error !== undefined);
  return {
    ...NOTHING_SENT,
    channels: outcomes.flatMap(({ channels }) => channels),
    accepted,
    rejected: failed.flatMap(({ channels, error, state: found }) => {
      const failure = pushErrorOf(error as RecordedError, found === 'unknown');
      return channels.map((channel) => ({ channel, error: failure }));
    }),
    skipped: outcomes.flatMap(({ channels, reason }) =>
      reason === undefined ? [] : channels.map((channel) => ({ channel, reason })),
    ),
    info: senderData(outcomes),
    attempts,
  };
}

function statusOf(state: MessageState, accepted: number, failed: number, reason: string | undefined): SendStatus {
  switch (state) {
    case 'WAITING':
    case 'SENDING':
    case 'ERROR_RETRY':
      return 'waiting';
    case 'ERROR':
      return 'rejected';
    case 'SENT':
    case 'DEBUG':
      // Recorded, and no backend was asked.
      if (state === 'DEBUG' && accepted === 0) return 'skipped';
      return failed > 0 && accepted > 0 ? 'partial' : 'accepted';
    case 'SKIPPED':
      return reason === 'unreachable' ? 'unreachable' : 'skipped';
    case 'CANCELLED':
      return 'skipped';
  }
}

/** An error again, of what was recorded of it. */
export function pushErrorOf(error: RecordedError, isUnknown?: boolean): DeliveryError {
  const { message, backend, status, retryable } = error;
  const outcome = (isUnknown ?? error.outcome === 'unknown') ? 'unknown' : 'rejected';
  return new DeliveryError(message, { backend, status, retryable, outcome });
}
