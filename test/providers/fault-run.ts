import { outcomeOf } from '../../src/core/errors.js';
import { DeliveryError, type SendReport } from '../../src/index.js';

/** The reports of a `send` or `sendMany`, also of one that failed. */
export async function reportsOf(sending: Promise<SendReport | readonly SendReport[]>): Promise<readonly SendReport[]> {
  try {
    return [await sending].flat();
  } catch (error) {
    if (error instanceof DeliveryError && error.reports.length > 0) return error.reports;
    throw error;
  }
}

/** Where a report says something else than what happened. @param isReceived whether the provider has the message for a channel */
export function liesIn(
  { channels, accepted, rejected }: SendReport,
  isReceived: (channel: string) => boolean,
): string[] {
  const told = [...accepted, ...rejected.map(({ channel }) => channel)].sort();
  const lies = told.join() === [...channels].sort().join() ? [] : [`told of ${told} instead of ${channels}`];
  for (const channel of accepted) if (!isReceived(channel)) lies.push(`${channel} was accepted and did not arrive`);
  for (const { channel, error } of rejected) {
    if (outcomeOf(error) === 'rejected' && isReceived(channel))
      lies.push(`${channel} arrived in spite of: ${error.message}`);
  }
  return lies;
}
