import { outcomeOf, type PushError } from '../core/errors.js';
import {
  type BackendReport,
  DeliveryError,
  type RejectedChannel,
  type SendReport,
  type SendStatus,
  type SkippedChannel,
  sharedReason,
} from '../core/report.js';
import type { PlannedMessage } from './plan.js';
import type { Delivery } from './split.js';

/** Makes the report of one message. @param startedAt `performance.now()` at the call of `send` */
export function reportOf<User>(delivery: Delivery, startedAt: number): SendReport<User> {
  const { attempts, skipped: reasons } = delivery;
  const { message, refused, unreachable } = delivery.planned as PlannedMessage<User>;
  const isWhole = refused.size === 0;
  const failures = isWhole ? delivery.failures : new Map([...delivery.failures, ...refused]);
  const channels = isWhole ? delivery.planned.channels : [...delivery.planned.channels, ...refused.keys()];
  const rejected: RejectedChannel[] = [];
  if (failures.size > 0) {
    for (const channel of channels) {
      const error = failures.get(channel);
      if (error !== undefined) rejected.push({ channel, error });
    }
  }
  const skipped: SkippedChannel[] = [];
  if (reasons.size > 0) {
    for (const channel of channels) {
      const reason = reasons.get(channel);
      if (reason !== undefined) skipped.push({ channel, reason });
    }
  }
  const accepted =
    failures.size + reasons.size === 0
      ? channels
      : channels.filter((channel) => !failures.has(channel) && !reasons.has(channel));
  return {
    id: message.id,
    event: message.event,
    status: statusOf(accepted.length, rejected.length, skipped.length),
    channels,
    accepted,
    rejected,
    skipped,
    unreachable,
    info: delivery.info,
    attempts,
    durationMs: performance.now() - startedAt,
  };
}

/** The report of what of a message went by one backend. */
export interface PartReport<User> {
  /** The name of the backend. */
  readonly name: string;
  /** The users who should get the message by it. */
  readonly users: readonly User[];
  readonly report: BackendReport<User>;
  /** Why it could not be given to the backend at all. */
  readonly error?: PushError | undefined;
}

/** Joins the reports of a message's parts. @param whole the message, with all its users */
export function joinedReport<User>(
  whole: { readonly id: string; readonly event: string; readonly users: readonly User[] },
  parts: ReadonlyArray<PartReport<User>>,
  startedAt: number,
): SendReport<User> {
  const reports = parts.map(({ report }) => report);
  const accepted = reports.flatMap((report) => report.accepted);
  const rejected = reports.flatMap((report) => report.rejected);
  const skipped = reports.flatMap((report) => report.skipped);
  return {
    id: whole.id,
    event: whole.event,
    status: statusOf(accepted.length, rejected.length, skipped.length),
    channels: reports.flatMap(({ channels }) => channels),
    accepted,
    rejected,
    skipped,
    unreachable: reachedByNone(whole.users, parts),
    info: Object.assign({}, ...reports.map(({ info }) => info)),
    attempts: reports.reduce((sum, { attempts }) => sum + attempts, 0),
    backends: Object.fromEntries(parts.map(({ name, report, error }) => [name, ofBackend(report, error)])),
    durationMs: performance.now() - startedAt,
  };
}

/** The users who have a channel in none of the backends that they should get the message by. */
function reachedByNone<User>(users: readonly User[], parts: ReadonlyArray<PartReport<User>>): readonly User[] {
  const reached = new Set<User>();
  for (const { users: own, report } of parts) {
    const missed = new Set(report.unreachable);
    for (const user of own) if (!missed.has(user)) reached.add(user);
  }
  return users.filter((user) => !reached.has(user));
}

function ofBackend<User>(
  { channels, accepted, rejected, skipped, unreachable, info, attempts }: BackendReport<User>,
  error: PushError | undefined,
): BackendReport<User> {
  const report = { channels, accepted, rejected, skipped, unreachable, info, attempts };
  return error === undefined ? report : { ...report, error };
}

function statusOf(accepted: number, rejected: number, skipped: number): SendStatus {
  if (rejected > 0) return accepted === 0 ? 'rejected' : 'partial';
  if (accepted > 0) return 'accepted';
  return skipped > 0 ? 'skipped' : 'unreachable';
}

/**
 * Throws when no channel of any message accepted, and one of them rejected.
 * @param backend undefined where there are several
 * @throws DeliveryError that carries the reports
 */
export function throwIfAllRejected(reports: readonly SendReport[], backend: string | undefined): void {
  if (reports.some((report) => report.accepted.length > 0)) return;
  const rejected = reports.flatMap((report) => report.rejected);
  const [first] = rejected;
  if (first === undefined) return;
  const { error, channel } = first;
  const which =
    rejected.length === 1 ? `channel "${channel}"` : `all ${rejected.length} channels, the first of them "${channel}"`;
  const isUnknown = rejected.some((failed) => outcomeOf(failed.error) === 'unknown');
  const nobody = backend === undefined ? 'No backend accepted' : `The ${backend} backend did not accept`;
  throw new DeliveryError(`${nobody} the message for ${which}: ${error.message}`, {
    backend,
    cause: error,
    outcome: isUnknown ? 'unknown' : 'rejected',
    retryable: rejected.every((failed) => failed.error.retryable),
    status: error.status,
    reports,
    reason: sharedReason(rejected.map((failed) => failed.error)),
  });
}
