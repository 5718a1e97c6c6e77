import * as z from 'zod/mini';
import type { Clock } from '../core/clock.js';
import { DURATION_FORM, type Duration, durationOf } from '../core/durations.js';
import { whole } from '../core/schema-parts.js';
import type { RecordingSettings, WorkerSettings } from '../messages/settings.js';
import { endStates } from '../messages/states.js';
import type { MessageStore } from '../messages/store.js';
import type { Queue } from '../queues/queue.js';

// The build makes two of this module, as of schema.ts.

type Optional<T> = z.ZodMiniOptional<z.ZodMiniType<T, T>>;

/** The keys of `PUSH_SERVER` for recorded messages. */
export type RecordingShape = {
  readonly messages: Optional<MessageStore | string | false>;
  readonly queue: Optional<Queue>;
  readonly name: Optional<string>;
  readonly recording: Optional<RecordingSettings>;
  readonly worker: Optional<WorkerSettings | boolean>;
  readonly clock: Optional<Clock>;
};

/** The methods of a message store without which nothing works. */
const storeMethods = ['open', 'close', 'insert', 'claim', 'renew', 'settle', 'get', 'find'] as const;

/** Makes the schemas of the keys for recorded messages. */
export function recordingShape(): RecordingShape {
  return {
    messages: z.optional(storeSchema()),
    queue: z.optional(
      z.custom<Queue>((value) => hasMethods(value, 'add', 'process'), {
        error: 'must be a queue, such as bullmqQueue(queue)',
      }),
    ),
    name: z.optional(
      z.string().check(z.refine((text) => /^.{1,255}$/su.test(text), 'must be a text of 1 to 255 characters')),
    ),
    recording: z.optional(recordingSchema()),
    worker: z.optional(
      z.union([z.boolean(), workerSchema()], 'must be true, false or { concurrency, lease, poll, sweep }'),
    ),
    clock: z.optional(
      z.custom<Clock>((value) => hasMethods(value, 'now', 'after'), { error: 'must have the methods now and after' }),
    ),
  };
}

function storeSchema(): z.ZodMiniType<MessageStore | string | false, MessageStore | string | false> {
  return z.custom<MessageStore | string | false>(
    (value) => value === false || (typeof value === 'string' ? isStoreText(value) : hasMethods(value, ...storeMethods)),
    {
      error: `must be a message store, such as sqliteMessages({ file: "push.db" }), or a text: ${STORE_TEXTS}`,
    },
  );
}

/** The texts that name a message store, in words. */
export const STORE_TEXTS = '"sqlite:FILE", "postgres://…", "mysql://…" or "memory:"';

/** Whether a text names a message store. */
export function isStoreText(text: string): boolean {
  return /^\s*(?:sqlite:.|(?:postgres(?:ql)?|mysql|mariadb):\/\/.|memory:)/is.test(text);
}

function recordingSchema(): z.ZodMiniType<RecordingSettings, RecordingSettings> {
  const hook = z.optional(
    z.custom<(text: string) => string>((value) => typeof value === 'function', { error: 'must be a function' }),
  );
  const age = z.optional(
    z.custom<Duration | false>((value) => value === false || durationOf(value) !== undefined, {
      error: `must be false or ${DURATION_FORM}`,
    }),
  );
  return z
    .strictObject({
      retryDelays: z.optional(z.array(duration())),
      whenUnknown: z.optional(z.enum(['resend', 'keep'])),
      idempotencyTtl: z.optional(duration()),
      retention: z.optional(z.strictObject(Object.fromEntries(endStates.map((state) => [state, age])))),
      keepData: z.optional(z.enum(['always', 'until-sent'])),
      seal: hook,
      unseal: hook,
      debug: z.optional(z.boolean()),
    })
    .check(
      z.refine(({ seal, unseal }) => (seal === undefined) === (unseal === undefined), {
        error: 'must have "seal" and "unseal", or neither',
      }),
    ) as z.ZodMiniType<RecordingSettings, RecordingSettings>;
}

function workerSchema(): z.ZodMiniType<WorkerSettings, WorkerSettings> {
  return z.strictObject({
    concurrency: z.optional(whole(1, 10_000)),
    lease: z.optional(duration(1_000)),
    poll: z.optional(duration(10)),
    sweep: z.optional(duration(10)),
  });
}

/** @param least in milliseconds */
function duration(least = 0): z.ZodMiniType<Duration, Duration> {
  return z.custom<Duration>((value) => (durationOf(value) ?? -1) >= least, {
    error: least === 0 ? `must be ${DURATION_FORM}` : `must be ${DURATION_FORM}, ${least} ms or more`,
    // Else it would not be told which key of an object is wrong that is one of several forms.
    abort: false,
  });
}

/** Whether a value is an object with methods of these names. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof Reflect.get(value, name) === 'function');
}
