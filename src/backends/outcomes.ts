import { DeliveryError } from '../delivery-error.js';
import type { PushError } from '../errors.js';
import type { ChannelResult } from './request.js';

/** What became of one channel, with an error of ours. */
export interface Outcome extends ChannelResult {
  readonly error?: PushError;
}

/** Whatever goes to one channel. */
interface Addressed {
  readonly channel: string;
}

/**
 * One outcome for each parcel, in their order, whatever order the backend answered in. Two messages for one channel are told
 * apart by their place alone.
 */
export function outcomesOf(
  parcels: readonly Addressed[],
  results: readonly ChannelResult[],
  backend: string,
  pushErrorOf: (error: unknown) => PushError,
): readonly Outcome[] {
  let elsewhere: ReadonlyMap<string, ChannelResult> | undefined;
  return parcels.map(({ channel }, index) => {
    let result = results[index];
    if (result?.channel !== channel) {
      elsewhere ??= byChannel(parcels, results);
      result = elsewhere.get(channel);
    }
    if (result === undefined) {
      const message = `The ${backend} backend gave no result for this channel.`;
      return { channel, error: new DeliveryError(message, { backend, outcome: 'unknown' }) };
    }
    const { error, info } = result;
    if (error !== undefined && error !== null) return { channel, error: pushErrorOf(error) };
    return { channel, ...(info !== undefined && { info }) };
  });
}

function byChannel(
  parcels: readonly Addressed[],
  results: readonly ChannelResult[],
): ReadonlyMap<string, ChannelResult> {
  const isByPlace = new Set(parcels.map(({ channel }) => channel)).size < parcels.length;
  return new Map(isByPlace ? [] : results.filter(Boolean).map((result) => [result.channel, result]));
}

/** Whether what a backend returned for a channel says more than that the message was accepted. */
export function isResultOf(channel: string, value: unknown): value is ChannelResult {
  if (typeof value !== 'object' || value === null || !('channel' in value) || value.channel !== channel) return false;
  return 'info' in value || 'error' in value;
}
