import { type BackendCapabilities, fitsOneRequest } from '../backends/contract/capabilities.js';
import { nothingLeft } from '../backends/contract/departures.js';
import { rememberedPushErrors } from '../backends/contract/failure.js';
import { outcomesOf } from '../backends/contract/request.js';
import type { AnyBackend, ChannelResult } from '../backends/contract/wrapper.js';
import { AbortError, outcomeOf, type PushError, retryAfterOf, TimeoutError } from '../core/errors.js';
import { DeliveryError } from '../core/report.js';
import { untilAborted } from '../core/until-aborted.js';
import type { PlannedMessage } from './plan.js';
import { mayBeRetried, type RequestPolicies } from './retry.js';
import { type Delivery, type Parcel, type Parcels, split } from './split.js';

/** What messages are delivered with. */
export interface DeliveryContext {
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly policies: RequestPolicies;
  readonly signal: AbortSignal | undefined;
}

interface Delivering extends DeliveryContext {
  readonly failureOf: (error: unknown) => PushError;
}

/** Sends planned messages and gathers what became of each channel. Never throws: failures are in the result. */
export async function deliver(messages: readonly PlannedMessage[], context: DeliveryContext): Promise<Delivery[]> {
  const deliveries = messages.map((planned) => ({
    planned,
    failures: new Map<string, PushError>(),
    info: new Map(),
    attempts: 0,
  }));
  const requests = split(deliveries, context.capabilities);
  const delivering = { ...context, failureOf: rememberedPushErrors(context.backend) };
  const work = async (): Promise<void> => {
    for (const parcels of requests) await request(parcels, delivering);
  };
  const [first] = messages;
  const isOneRequest =
    messages.length === 1 && first !== undefined && fitsOneRequest(first.channels, context.capabilities);
  await (isOneRequest ? work() : Promise.all(Array.from({ length: context.policies.concurrency }, work)));
  return deliveries;
}

/** One request with its retries; what a partial failure leaves over is tried again without the rest. */
async function request(parcels: Parcels, context: Delivering): Promise<void> {
  const { policies, signal } = context;
  let pending = parcels;
  let hasBegun = false;
  /** What an attempt may have delivered without our knowing. */
  const doubtful = new Set<Parcel>();
  let before: AbortSignal | undefined;
  const attempt = async (attemptSignal: AbortSignal): Promise<void> => {
    // Whoever gave up while this attempt waited for its turn has the report already.
    throwIfAborted(signal, hasBegun);
    if (hasBegun && !nothingLeft(before))
      for (const parcel of pending) if (mayHaveArrived(parcel)) doubtful.add(parcel);
    before = attemptSignal;
    hasBegun = true;
    let counted: Delivery | undefined;
    for (const { delivery, channel } of pending) {
      // The parcels of one message lie side by side.
      if (delivery !== counted) delivery.attempts++;
      counted = delivery;
      if (delivery.failures.size > 0) delivery.failures.delete(channel);
    }
    const results = await send(pending, context, attemptSignal);
    // Past its deadline nobody waits for this attempt any more: the next one may be under way.
    if (attemptSignal.aborted)
      throw new TimeoutError('The answer came after the deadline.', { backend: context.backend.name });
    pending = settle(pending, results, context);
    if (pending.length > 0) throw slowest(pending);
  };
  try {
    throwIfAborted(signal, hasBegun);
    await untilAborted(policies.run(attempt, deadlineOf(parcels, policies), signal), signal, (fired) =>
      aborted(fired, hasBegun),
    );
  } catch (error) {
    const failure = signal?.aborted ? aborted(signal, hasBegun) : context.failureOf(error);
    for (const { delivery, channel } of pending) {
      if (!delivery.failures.has(channel)) delivery.failures.set(channel, failure);
    }
  }
  if (doubtful.size > 0) markDoubtful(doubtful, context.backend.name);
}

/** Whether the attempt before failed in a way that leaves this open: one that took too long has noted nothing. */
function mayHaveArrived({ delivery, channel }: Parcel): boolean {
  const failure = delivery.failures.get(channel);
  return failure === undefined || outcomeOf(failure) === 'unknown';
}

/** A refusal does not undo what an earlier attempt may have delivered. */
function markDoubtful(parcels: Iterable<Parcel>, backend: string): void {
  const known = new Map<PushError, PushError>();
  for (const { delivery, channel } of parcels) {
    const cause = delivery.failures.get(channel);
    if (cause === undefined || outcomeOf(cause) === 'unknown') continue;
    const { retryable, status } = cause;
    const failure =
      known.get(cause) ??
      new DeliveryError(`${cause.message} An earlier attempt may have delivered the message all the same.`, {
        backend,
        cause,
        outcome: 'unknown',
        retryable,
        status,
      });
    known.set(cause, failure);
    delivery.failures.set(channel, failure);
  }
}

/** The deadline of a request that holds several messages: the longest of theirs. */
function deadlineOf(parcels: Parcels, policies: RequestPolicies): number {
  let longest = 0;
  for (const { delivery } of parcels) longest = Math.max(longest, delivery.planned.timeout ?? policies.timeout);
  return longest;
}

/** One call of the backend. Whatever it throws becomes the failure of every channel that was asked for. */
async function send(parcels: Parcels, context: Delivering, signal: AbortSignal): Promise<readonly ChannelResult[]> {
  try {
    const results = await call(parcels, context, signal);
    if (Array.isArray(results)) return results;
    throw new TypeError('it returned no list of results.');
  } catch (thrown) {
    const error = context.failureOf(thrown);
    return parcels.map(({ channel }) => ({ channel, error }));
  }
}

async function call(
  parcels: Parcels,
  { backend, capabilities, signal: callerSignal }: DeliveryContext,
  signal: AbortSignal,
): Promise<readonly ChannelResult[]> {
  const [first] = parcels;
  if (first === undefined) return [];
  const request = { signal, callerSignal };
  const isOneMessage = parcels.every(({ delivery }) => delivery === first.delivery);
  const channels = parcels.map(({ channel }) => channel);
  if (isOneMessage && fitsOneRequest(channels, capabilities)) {
    return backend.deliver(channels, first.delivery.planned.message, request);
  }
  const messages = parcels.map(({ delivery, channel }) => ({ channel, message: delivery.planned.message }));
  return backend.deliverMessages(messages, request);
}

/** The failure to wait for before channels that failed together are tried again: the one with the longest `retryAfter`. */
function slowest(pending: Parcels): PushError | undefined {
  let slowest: PushError | undefined;
  for (const { delivery, channel } of pending) {
    const failure = delivery.failures.get(channel);
    if (failure !== undefined && (slowest === undefined || retryAfterOf(failure) > retryAfterOf(slowest)))
      slowest = failure;
  }
  return slowest;
}

/** Notes each channel's result and returns what may be tried again. */
function settle(parcels: Parcels, results: readonly ChannelResult[], { backend, failureOf }: Delivering): Parcel[] {
  const outcomes = outcomesOf(parcels, results, backend.name, failureOf);
  return parcels.filter(({ delivery, channel }, index) => {
    const { error, info } = outcomes[index] ?? { channel };
    if (error !== undefined) {
      delivery.failures.set(channel, error);
      return mayBeRetried(error);
    }
    if (info !== undefined) delivery.info.set(channel, info);
    return false;
  });
}

function throwIfAborted(signal: AbortSignal | undefined, hasBegun: boolean): void {
  if (signal?.aborted) throw aborted(signal, hasBegun);
}

function aborted({ reason: cause }: AbortSignal, hasBegun: boolean): PushError {
  return hasBegun
    ? new AbortError('The signal fired before this channel was accepted; it may have been sent to all the same.', {
        cause,
        outcome: 'unknown',
      })
    : new AbortError('The signal fired before this channel was sent to.', { cause });
}
