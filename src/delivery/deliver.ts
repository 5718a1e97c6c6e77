import { type BackendCapabilities, fitsOneRequest } from '../backends/contract/capabilities.js';
import { rememberedPushErrors } from '../backends/contract/failure.js';
import { makeRequest, type Outcome, type RequestedBackend } from '../backends/contract/make-request.js';
import { nothingSent } from '../backends/contract/request-sent.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { AbortError, outcomeOf, type PushError, retryAfterOf, TimeoutError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { DeliveryError, sharedReason } from '../core/report.js';
import { untilAborted } from '../core/until-aborted.js';
import { ChannelQueues, repeatChannels } from './channel-queues.js';
import type { PlannedMessage } from './plan.js';
import { type DeliveryPolicy, mayBeRetried } from './retry.js';
import { Delivery, type PendingMessage, type PendingRequest, split } from './split.js';

/** The backend that messages are delivered through, and how. */
export interface DeliveryContext {
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly policy: DeliveryPolicy;
  /** Gets a warning for each retry, and a debug line for what failed in the end. Its warnings should be rated. */
  readonly logger: Logger;
  /** Called with each request that has ended, in whatever way. */
  readonly ended?: ((request: PendingRequest) => void) | undefined;
}

/**
 * Delivers planned messages, those for one channel in their order. Never throws: failures are in the records that it
 * returns, one for each message, in their order.
 * @param signal ends the delivery: what was not sent by then is not sent
 */
export async function deliver(
  messages: readonly PlannedMessage[],
  context: DeliveryContext,
  signal: AbortSignal | undefined,
): Promise<Delivery[]> {
  const { backend, capabilities, policy } = context;
  const deliveries = messages.map((planned) => new Delivery(planned));
  const target = { backend, capabilities, failureOf: rememberedPushErrors(backend) };
  const deliverOne = (request: PendingRequest): Promise<void> => deliverRequest(request, target, context, signal);
  const [first] = deliveries;
  if (deliveries.length === 1 && first !== undefined && fitsOneRequest(first.planned.channels, capabilities)) {
    const { message, channels } = first.planned;
    if (channels.length > 0) await deliverOne(channels.map((channel) => ({ delivery: first, channel, message })));
  } else if (repeatChannels(deliveries)) {
    await inOrder(new ChannelQueues(deliveries, capabilities), policy.concurrency, deliverOne);
  } else {
    const requests = split(deliveries, capabilities);
    const work = async (): Promise<void> => {
      for (const request of requests) await deliverOne(request);
    };
    await Promise.all(Array.from({ length: policy.concurrency }, work));
  }
  return deliveries;
}

/** Delivers requests, each as soon as those before it for its channels have ended. */
function inOrder(
  queues: ChannelQueues,
  concurrency: number,
  deliverOne: (request: PendingRequest) => Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let underWay = 0;
  const begin = async (request: PendingRequest): Promise<void> => {
    underWay++;
    await deliverOne(request);
    underWay--;
    queues.ended(request);
    beginMore();
  };
  const beginMore = (): void => {
    while (underWay < concurrency) {
      const request = queues.take();
      if (request === undefined) break;
      begin(request).catch(reject);
    }
    if (underWay === 0) resolve();
  };
  beginMore();
  return promise;
}

/** Delivers one request with its retries. A retry holds only those messages of it that failed and may be retried. */
async function deliverRequest(
  request: PendingRequest,
  target: RequestedBackend,
  { policy, logger, ended }: DeliveryContext,
  callerSignal: AbortSignal | undefined,
): Promise<void> {
  const { name } = target.backend;
  const timeout = deadlineOf(request, policy);
  let pending = request;
  let lastSignal: AbortSignal | undefined;
  /** Messages that an attempt may have delivered without our knowing. */
  const uncertain = new Set<PendingMessage>();
  const attempt = async (signal: AbortSignal): Promise<void> => {
    // A caller who gave up while this attempt waited to be made has the report already.
    throwIfAborted(callerSignal, lastSignal !== undefined);
    if (lastSignal !== undefined && !nothingSent(lastSignal))
      for (const message of pending) if (mayHaveArrived(message)) uncertain.add(message);
    lastSignal = signal;
    countAttempt(pending);
    const outcomes = await makeRequest(target, pending, { signal, callerSignal, timeout });
    // After its deadline nobody waits for this attempt any more: the next one may be under way.
    if (signal.aborted) throw new TimeoutError('The answer came after the deadline.', { backend: target.backend.name });
    pending = outcomes === undefined ? [] : recordOutcomes(pending, outcomes);
    if (pending.length > 0) throw failureToWaitFor(pending);
  };
  const goesOn = (failure: unknown): boolean => {
    if (lastSignal === undefined || nothingSent(lastSignal)) return true;
    const kept = pending.filter((each) => each.delivery.planned.keepsUnknown === true && mayHaveArrived(each));
    if (kept.length === pending.length) return false;
    for (const { delivery, channel } of kept)
      if (!delivery.failures.has(channel)) delivery.failed(channel, target.failureOf(failure));
    if (kept.length > 0) pending = without(pending, new Set(kept));
    return true;
  };
  const retried = (err: unknown, waitMs: number): void =>
    logger.warn(
      { err, backend: name, channels: pending.length, waitMs },
      `a request to the ${name} backend failed and is tried again`,
    );
  try {
    throwIfAborted(callerSignal, false);
    await untilAborted(policy.run(attempt, timeout, callerSignal, goesOn, retried), callerSignal, (fired) =>
      abortError(fired, lastSignal !== undefined),
    );
  } catch (error) {
    const failure = callerSignal?.aborted
      ? abortError(callerSignal, lastSignal !== undefined)
      : target.failureOf(error);
    for (const { delivery, channel } of pending) {
      if (!delivery.failures.has(channel)) delivery.failed(channel, failure);
    }
  }
  if (uncertain.size > 0) markUnknown(uncertain, name);
  logFailures(request, name, logger);
  ended?.(request);
}

function without(pending: PendingRequest, left: ReadonlySet<PendingMessage>): PendingRequest {
  return pending.filter((each) => !left.has(each));
}

/** Logs a final failure, which the caller gets as an error or in the report too. */
function logFailures(request: PendingRequest, backend: string, logger: Logger): void {
  if (request.every(({ delivery }) => delivery.failures.size === 0)) return;
  const errors = request.flatMap(({ delivery, channel }) => delivery.failures.get(channel) ?? []);
  const [err] = errors;
  if (err !== undefined)
    logger.debug({ err, backend, channels: errors.length }, `a request to the ${backend} backend failed`);
}

/** Counts an attempt for each delivery of a request, and forgets how the one before failed. */
function countAttempt(request: PendingRequest): void {
  let counted: Delivery | undefined;
  for (const { delivery, channel } of request) {
    if (delivery !== counted) delivery.attempts++;
    counted = delivery;
    delivery.isTriedAgain(channel);
  }
}

/** Records each message's outcome. @returns the messages that may be tried again */
function recordOutcomes(request: PendingRequest, outcomes: readonly Outcome[]): PendingRequest {
  return request.filter(({ delivery, channel }, index) => {
    const { error, info, skipped } = outcomes[index] ?? { channel };
    if (error !== undefined) {
      delivery.failed(channel, error);
      return mayBeRetried(error);
    }
    if (skipped !== undefined) delivery.wasSkipped(channel, skipped);
    if (info !== undefined) delivery.told(channel, info);
    return false;
  });
}

/** Whether the attempt before may have delivered a message. An attempt that took too long has recorded no failure. */
function mayHaveArrived({ delivery, channel }: PendingMessage): boolean {
  const failure = delivery.failures.get(channel);
  return failure === undefined || outcomeOf(failure) === 'unknown';
}

/** Makes the outcomes of messages unknown. A refusal does not undo what an earlier attempt may have delivered. */
function markUnknown(messages: Iterable<PendingMessage>, backend: string): void {
  const known = new Map<PushError, PushError>();
  for (const { delivery, channel } of messages) {
    const cause = delivery.failures.get(channel);
    if (cause === undefined || outcomeOf(cause) === 'unknown') continue;
    const { retryable, status } = cause;
    const failure =
      known.get(cause) ??
      new DeliveryError(`${cause.message} An earlier attempt may have delivered the message.`, {
        backend,
        cause,
        outcome: 'unknown',
        retryable,
        status,
        reason: sharedReason([cause]),
      });
    known.set(cause, failure);
    delivery.failed(channel, failure);
  }
}

/** The deadline of a request's attempts, in milliseconds: the longest that one of its messages has. */
function deadlineOf(request: PendingRequest, policy: DeliveryPolicy): number {
  let longest = 0;
  for (const { delivery } of request) longest = Math.max(longest, delivery.planned.timeout ?? policy.timeout);
  return longest;
}

/** The failure of messages that are tried again together: the one whose provider asked for the longest wait. */
function failureToWaitFor(pending: PendingRequest): PushError | undefined {
  let longest: PushError | undefined;
  for (const { delivery, channel } of pending) {
    const failure = delivery.failures.get(channel);
    if (failure !== undefined && (longest === undefined || retryAfterOf(failure) > retryAfterOf(longest)))
      longest = failure;
  }
  return longest;
}

function throwIfAborted(signal: AbortSignal | undefined, hasBegun: boolean): void {
  if (signal?.aborted) throw abortError(signal, hasBegun);
}

function abortError({ reason: cause }: AbortSignal, hasBegun: boolean): PushError {
  return hasBegun
    ? new AbortError('The signal fired before this channel was accepted. The message may have arrived.', {
        cause,
        outcome: 'unknown',
      })
    : new AbortError('The signal fired before anything was sent to this channel.', { cause });
}
