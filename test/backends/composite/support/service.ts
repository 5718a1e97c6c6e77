import { onTestFinished } from 'vitest';
import {
  type AnyBackend,
  createPushService,
  DeliveryError,
  type DeliveryOutcome,
  type PushServerSettings,
  type PushService,
} from '../../../../src/index.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

/** A service around a backend, which is closed with the test. */
export function serviceOf(
  backend: AnyBackend,
  settings: Partial<PushServerSettings> = {},
): { push: PushService; logger: RecordingLogger } {
  const logger = new RecordingLogger();
  const push = createPushService({ retries: 0, logger, ...settings, backend } as PushServerSettings);
  onTestFinished(() => push.close());
  return { push, logger };
}

/** What a provider says no with. */
export function refusal(words: string, status: number | undefined = 400): DeliveryError {
  return new DeliveryError(words, { outcome: 'rejected', status });
}

/** What a provider that is not there fails with. */
export function unreached(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
}

export function failure(outcome: DeliveryOutcome, retryable = false): DeliveryError {
  return new DeliveryError(`It is ${outcome}.`, { outcome, retryable });
}

/** An answer that never comes. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** Throws on each request. */
export function throwing(make: () => unknown): () => never {
  return () => {
    throw make();
  };
}
