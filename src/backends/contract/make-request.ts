import type { PushError } from '../../core/errors.js';
import { DeliveryError } from '../../core/report.js';
import type { AddressedMessage } from '../../wire/message.js';
import { type BackendCapabilities, fitsOneRequest } from './capabilities.js';
import type { ChannelResult, RequestContext } from './request.js';
import type { AnyBackend } from './wrapper.js';

/** A backend to make requests of. */
export interface RequestedBackend {
  readonly backend: AnyBackend;
  /** The backend's capabilities, checked. */
  readonly capabilities: BackendCapabilities;
  /** Makes a `PushError` of whatever the backend throws, or answers as an error. */
  readonly failureOf: (error: unknown) => PushError;
}

/** The outcome of one message of a request. Without `error` and `skipped` the provider accepted it. */
export interface Outcome extends ChannelResult {
  readonly error?: PushError;
}

/**
 * Makes one request of a backend. One message to one channel goes to `sendData`, to several channels to `sendBatch`;
 * different messages go to `sendMessages`. It never throws: a request that fails as a whole has failed for each
 * message.
 * @param messages one or more, as many as the capabilities let into one request
 * @returns an outcome for each message, in their order; undefined when all were accepted, of which there may be 100 000
 */
export async function makeRequest(
  target: RequestedBackend,
  messages: readonly AddressedMessage[],
  context: RequestContext,
): Promise<readonly Outcome[] | undefined> {
  try {
    const answer = await answerOf(target, messages, context);
    const results = messages.length === 1 ? resultOf(messages, answer) : resultsIn(answer);
    return results && inOrderOf(messages, results, target);
  } catch (thrown) {
    const error = target.failureOf(thrown);
    return messages.map(({ channel }) => ({ channel, error }));
  }
}

/**
 * Reads a backend's answer for several channels.
 * @returns undefined when all of them accepted
 * @throws TypeError for anything that is neither a list nor nothing
 */
export function resultsIn(answer: unknown): readonly ChannelResult[] | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (!Array.isArray(answer)) throw new TypeError('it returned no list of results.');
  return answer;
}

/** The result for the one channel of a request. @throws DeliveryError when there is none */
export function resultFor(channel: string, results: readonly ChannelResult[], backend: string): ChannelResult {
  const result = results.find((each) => each?.channel === channel);
  if (result === undefined) throw noResult(backend);
  return result;
}

function noResult(backend: string): DeliveryError {
  const text = `The ${backend} backend gave no result for this channel.`;
  return new DeliveryError(text, { backend, outcome: 'unknown' });
}

/** Calls the backend. The methods are protected, so that an application does not call them in place of `send`. */
function answerOf(
  { backend, capabilities }: RequestedBackend,
  messages: readonly AddressedMessage[],
  context: RequestContext,
): Promise<unknown> | undefined {
  const [first] = messages;
  if (first === undefined) return undefined;
  const { channel, message } = first;
  if (messages.length === 1) return backend['sendData'](channel, message, context);
  const channels = messages.map((addressed) => addressed.channel);
  if (messages.every((addressed) => addressed.message === message) && fitsOneRequest(channels, capabilities)) {
    if (backend['sendBatch'] === undefined) throw new TypeError('it has no sendBatch() for several channels.');
    return backend['sendBatch'](channels, message, context);
  }
  if (backend['sendMessages'] === undefined) throw new TypeError('it has no sendMessages() for different messages.');
  return backend['sendMessages'](
    messages.map((addressed) => ({ channel: addressed.channel, message: addressed.message })),
    context,
  );
}

/** Reads the answer of `sendData`. @returns undefined when it says no more of the channel than that it accepted */
function resultOf([only]: readonly AddressedMessage[], answer: unknown): readonly ChannelResult[] | undefined {
  if (only === undefined || typeof answer !== 'object' || answer === null) return undefined;
  const { channel } = only;
  // An SDK's answer may have a key `skipped` of another kind.
  if (!('channel' in answer))
    return 'skipped' in answer && typeof answer.skipped === 'string'
      ? [{ channel, skipped: answer.skipped }]
      : undefined;
  return isResultFor(channel, answer) ? [answer] : undefined;
}

/** Whether `sendData` returned more about the channel than that it accepted. */
function isResultFor(channel: string, value: { readonly channel: unknown }): value is ChannelResult {
  return value.channel === channel && ('info' in value || 'error' in value || 'skipped' in value);
}

/** The outcomes in the messages' order, whatever order the backend answered in. */
function inOrderOf(
  messages: readonly AddressedMessage[],
  results: readonly ChannelResult[],
  { backend, failureOf }: RequestedBackend,
): readonly Outcome[] {
  let elsewhere: ReadonlyMap<string, ChannelResult> | undefined;
  return messages.map(({ channel }, index) => {
    let result = results[index];
    if (result?.channel !== channel) {
      elsewhere ??= resultsByChannel(messages, results);
      result = elsewhere.get(channel);
    }
    if (result === undefined) return { channel, error: noResult(backend.name) };
    const { error, info, skipped } = result;
    if (error !== undefined && error !== null) return { channel, error: failureOf(error) };
    if (skipped !== undefined && skipped !== null) return skippedOutcome(channel, skipped, backend);
    return { channel, ...(info !== undefined && { info }) };
  });
}

function skippedOutcome(channel: string, reason: unknown, backend: AnyBackend): Outcome {
  return { channel, skipped: backend.redact(String(reason)) };
}

/** The results by channel; none where two messages are for one channel, because only their place tells them apart. */
function resultsByChannel(
  messages: readonly AddressedMessage[],
  results: readonly ChannelResult[],
): ReadonlyMap<string, ChannelResult> {
  const isByPlace = new Set(messages.map(({ channel }) => channel)).size < messages.length;
  return new Map(isByPlace ? [] : results.filter(Boolean).map((result) => [result.channel, result]));
}
