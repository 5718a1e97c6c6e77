import type { Duration } from '../core/durations.js';
import type { Awaitable } from '../core/until-aborted.js';
import type { EndState } from './states.js';

/** The setting `recording`: how recorded messages are kept and tried again. */
export interface RecordingSettings {
  /**
   * The waits before a message is tried again, after what `send` tries at once; up to 10 % is added to each. Where the
   * provider asks for a longer wait, it is kept to. @default ['1m', '5m', '30m', '2h', '12h']
   */
  readonly retryDelays?: readonly Duration[] | undefined;
  /**
   * What happens to a channel of which nobody knows whether it got the message. `'resend'`: it is sent to again, so
   * that nothing is lost and something may come twice. `'keep'`: it stays unknown. @default 'resend'
   */
  readonly whenUnknown?: 'resend' | 'keep' | undefined;
  /** How long an `idempotencyKey` is remembered. @default '24h' */
  readonly idempotencyTtl?: Duration | undefined;
  /**
   * How long messages are kept after they got to a state; `false`: for ever. Workers remove them.
   * @default 30 days for SENT, DEBUG, SKIPPED and CANCELLED, 90 days for ERROR
   */
  readonly retention?: Partial<Readonly<Record<EndState, Duration | false>>> | undefined;
  /**
   * Whether what the application wrote (data, notification, `extraData`, `backendOptions`) is kept after the message
   * has ended well. @default 'always', as long as the record
   */
  readonly keepData?: 'always' | 'until-sent' | undefined;
  /** Encrypts what the application wrote, before it goes to the store. @default it is stored as it is */
  readonly seal?: ((text: string) => Awaitable<string>) | undefined;
  /**
   * Takes back what `seal` did.
   * @throws when it cannot: then the message is tried again as if a send had failed, and lists of records have it
   * without its data
   */
  readonly unseal?: ((text: string) => Awaitable<string>) | undefined;
  /** Whether messages are recorded as `DEBUG` and sent to nobody. @default false */
  readonly debug?: boolean | undefined;
}

/** The setting `worker`: how this process sends what waits in the store. */
export interface WorkerSettings {
  /** Number of messages under way at once. @default 100 */
  readonly concurrency?: number | undefined;
  /**
   * How long a message is held; it is renewed at a third of that. When a process dies, its messages are sent by others
   * after this time. At least one second. @default '30s'
   */
  readonly lease?: Duration | undefined;
  /** How often the store is asked when nothing is due, at least 10 ms. @default '1s' */
  readonly poll?: Duration | undefined;
  /**
   * With the setting `queue`, in place of `poll`: how often the store is asked for what the queue has lost and for what
   * was recorded in a `transaction`, at least 10 ms. @default '10s'
   */
  readonly sweep?: Duration | undefined;
}
