import { outcomeOf } from '../core/errors.js';
import {
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

function statusOf(accepted: number, rejected: number, skipped: number): SendStatus {
  if (rejected > 0) return accepted === 0 ? 'rejected' : 'partial';
  if (accepted > 0) return 'accepted';
  return skipped > 0 ? 'skipped' : 'unreachable';
}

/**
 * Throws when no channel of any message accepted, and one of them rejected.
 * @throws DeliveryError that carries the reports
 */
export function throwIfAllRejected(reports: readonly SendReport[], backend: string): void {
  if (reports.some((report) => report.accepted.length > 0)) return;
  const rejected = reports.flatMap((report) => report.rejected);
  const [first] = rejected;
  if (first === undefined) return;
  const { error, channel } = first;
  const which =
    rejected.length === 1 ? `channel "${channel}"` : `all ${rejected.length} channels, the first of them "${channel}"`;
  const isUnknown = rejected.some((failed) => outcomeOf(failed.error) === 'unknown');
  throw new DeliveryError(`The ${backend} backend did not accept the message for ${which}: ${error.message}`, {
    backend,
    cause: error,
    outcome: isUnknown ? 'unknown' : 'rejected',
    retryable: rejected.every((failed) => failed.error.retryable),
    status: error.status,
    reports,
    reason: sharedReason(rejected.map((failed) => failed.error)),
  });
}
