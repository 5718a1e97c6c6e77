import { durationOf } from '../core/durations.js';
import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import type { EndState, MessageState } from '../messages/states.js';

const DAY_MS = 86_400_000;

/** Most messages under way at once that a worker or a batch may be given. */
export const MOST_AT_ONCE = 10_000;

/** The setting `recording`, read: times are in milliseconds. */
export interface Recording extends Pick<RecordingSettings, 'seal' | 'unseal'> {
  readonly retryDelays: readonly number[];
  readonly whenUnknown: 'resend' | 'keep';
  readonly idempotencyTtlMs: number;
  readonly ages: Partial<Readonly<Record<MessageState, number>>>;
  readonly dropsData: boolean;
  readonly debug: boolean;
}

/** The setting `worker`, read: times are in milliseconds. */
export interface Working {
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  readonly sweepMs: number;
}

const defaultAges: Readonly<Record<EndState, number>> = {
  SENT: 30 * DAY_MS,
  DEBUG: 30 * DAY_MS,
  SKIPPED: 30 * DAY_MS,
  CANCELLED: 30 * DAY_MS,
  ERROR: 90 * DAY_MS,
};

const defaultRetryDelays = ['1m', '5m', '30m', '2h', '12h'] as const;

/** Reads the setting `recording`, which has been checked. */
export function readRecording(settings: RecordingSettings = {}): Recording {
  const { retryDelays = defaultRetryDelays, whenUnknown = 'resend', idempotencyTtl = '24h', retention = {} } = settings;
  const ages = Object.entries({ ...defaultAges, ...retention }).flatMap(([state, age]) => {
    const ms = age === false ? undefined : durationOf(age ?? defaultAges[state as EndState]);
    return ms === undefined ? [] : [[state, ms] as const];
  });
  return {
    retryDelays: retryDelays.map((delay) => durationOf(delay) ?? 0),
    whenUnknown,
    idempotencyTtlMs: durationOf(idempotencyTtl) ?? DAY_MS,
    ages: Object.fromEntries(ages),
    dropsData: settings.keepData === 'until-sent',
    debug: settings.debug ?? false,
    seal: settings.seal,
    unseal: settings.unseal,
  };
}

/** Reads the setting `worker`, which has been checked. */
export function readWorking(settings: WorkerSettings | boolean = {}): Working {
  const {
    concurrency = 100,
    lease = '30s',
    poll = '1s',
    sweep = '10s',
  } = typeof settings === 'boolean' ? {} : settings;
  return {
    concurrency,
    leaseMs: durationOf(lease) ?? 30_000,
    pollMs: durationOf(poll) ?? 1_000,
    sweepMs: durationOf(sweep) ?? 10_000,
  };
}
