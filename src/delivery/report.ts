import { outcomeOf } from '../core/errors.js';
import { DeliveryError, type RejectedChannel, type SendReport, type SendStatus, sharedReason } from '../core/report.js';
import type { PlannedMessage } from './plan.js';
import type { Delivery } from './split.js';

/** Makes the report of one message. @param startedAt `performance.now()` at the call of `send` */
export function reportOf<User>(delivery: Delivery, startedAt: number): SendReport<User> {
  const { attempts } = delivery;
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
  const accepted = failures.size === 0 ? channels : channels.filter((channel) => !failures.has(channel));
  return {
    id: message.id,
    event: message.event,
    status: statusOf(channels.length, accepted.length),
    channels,
    accepted,
    rejected,
    unreachable,
    info: delivery.info,
    attempts,
    durationMs: performance.now() - startedAt,
  };
}

function statusOf(channels: number, accepted: number): SendStatus {
  if (channels === 0) return 'unreachable';
  if (accepted === channels) return 'accepted';
  return accepted === 0 ? 'rejected' : 'partial';
}

/**
 * Throws when no channel of any message accepted.
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
