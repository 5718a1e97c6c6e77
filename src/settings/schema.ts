import * as z from 'zod/mini';
import { type BackendReference, backendNames } from '../backends/built-in.js';
import { PushServiceWrapper } from '../backends/contract/wrapper.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import { nearest } from '../core/schema-check.js';
import { nonEmpty, whole } from '../core/schema-parts.js';
import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import type { MessageStore } from '../messages/store.js';
import type { Queue } from '../queues/queue.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import { MAX_TIMEOUT_MS } from '../wire/timers.js';
import { isDsn, parseDsn } from './dsn.js';
import { hasMethods, recordingShape } from './recording-schema.js';

// The build makes two of this module: one on the zod that it takes in, and one on the package, for `pushrail/settings`.

type Optional<T> = z.ZodMiniOptional<z.ZodMiniType<T, T>>;

/** The schema of each key of `PUSH_SERVER`. */
export type PushServerShape = {
  readonly backend: z.ZodMiniType<BackendReference, BackendReference>;
  readonly appId: Optional<string>;
  readonly pubKey: Optional<string>;
  readonly subKey: Optional<string>;
  readonly secretKey: Optional<string>;
  readonly useSsl: Optional<boolean>;
  readonly options: z.ZodMiniOptional<z.ZodMiniType<Record<string, unknown>>>;
  readonly sessions: Optional<SessionAdapter<never>>;
  readonly timeout: Optional<number>;
  readonly retries: Optional<number>;
  readonly concurrency: Optional<number>;
  readonly closeTimeout: Optional<number>;
  readonly streamSecret: Optional<string>;
  readonly defaultEvent: Optional<string>;
  readonly encode: Optional<(value: unknown, key: string) => unknown>;
  readonly messages: Optional<MessageStore | string | false>;
  readonly queue: Optional<Queue>;
  readonly name: Optional<string>;
  readonly recording: Optional<RecordingSettings>;
  readonly worker: Optional<WorkerSettings | boolean>;
  readonly clock: Optional<Clock>;
  readonly logger: Optional<Logger>;
};

/** Makes the schema of `PUSH_SERVER`. The `options` of a backend have a schema of their own, in its folder. */
export function buildPushServerSchema(): z.ZodMiniObject<PushServerShape, z.core.$strict> {
  const sessions = z.custom<SessionAdapter<never>>((value) => hasMethods(value, 'channelsFor'), {
    error: 'must be a session adapter, such as memorySessions()',
  });
  const logger = z.custom<Logger>((value) => hasMethods(value, 'debug', 'info', 'warn', 'error'), {
    error: 'must have the methods debug, info, warn and error',
  });
  const encode = z.custom<(value: unknown, key: string) => unknown>((value) => typeof value === 'function', {
    error: 'must be a function (value, key) that returns what is sent for the value',
  });
  const backend = z.custom<BackendReference>((value) => problemOf(value) === undefined, {
    error: ({ input }) => problemOf(input),
  });
  // zod drops this key. Every other key goes to the backend, which refuses those that it does not know.
  const withoutPrototype = z.refine(
    (value) => typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__'),
    'must not have the key "__proto__"',
  );
  const credential = z.optional(nonEmpty());
  return z.strictObject({
    backend,
    appId: credential,
    pubKey: credential,
    subKey: credential,
    secretKey: credential,
    useSsl: z.optional(z.boolean()),
    options: z.optional(z.pipe(z.unknown().check(withoutPrototype), z.looseObject({}))),
    sessions: z.optional(sessions),
    timeout: z.optional(whole(1, MAX_TIMEOUT_MS)),
    retries: z.optional(whole(0, 100)),
    concurrency: z.optional(whole(1, 10_000)),
    closeTimeout: z.optional(whole(1, MAX_TIMEOUT_MS)),
    streamSecret: z.optional(z.string().check(z.minLength(16, 'must have 16 characters or more'))),
    defaultEvent: z.optional(nonEmpty()),
    encode: z.optional(encode),
    ...recordingShape(),
    logger: z.optional(logger),
  });
}

/** Why a value stands for no backend; undefined when it stands for one. */
function problemOf(value: unknown): string | undefined {
  let reference = value;
  if (typeof value === 'string' && isDsn(value)) {
    try {
      reference = parseDsn(value).backend;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
  if (isReference(reference)) return undefined;
  const guess = typeof reference === 'string' ? nearest(reference, backendNames) : undefined;
  const suggestion = guess === undefined ? '' : ` (did you mean "${guess}"?)`;
  return `must be ${backendNames.map((name) => `"${name}"`).join(', ')}, a subclass of PushServiceWrapper, an instance of one, "module#Export", or a DSN${suggestion}`;
}

function isReference(value: unknown): boolean {
  if (typeof value === 'string') return backendNames.includes(value) || /.#./.test(value);
  return PushServiceWrapper.isWrapper(value) || PushServiceWrapper.isWrapperClass(value);
}
