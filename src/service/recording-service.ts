import type { AnyBackend } from '../backends/contract/wrapper.js';
import { checkOptionNames, type Lasting } from '../core/call-options.js';
import { ValidationError } from '../core/errors.js';
import type { Listener, Listeners } from '../core/listeners.js';
import type { Inbox, MessageListener } from '../receiving/inbox.js';
import {
  type BatchOptions,
  type BatchResult,
  checkBatchOptions,
  checkConcurrency,
} from '../recording/batch-options.js';
import type { Condition, ConditionOptions, Conditions } from '../recording/conditions.js';
import {
  type MessageEventListener,
  type MessageEventName,
  type MessageEvents,
  messageEvents,
} from '../recording/events.js';
import type { RunningWorker } from '../recording/worker.js';
import type { JsonValue } from '../wire/message.js';
import type { BackendsByName } from './configured-service.js';
import type { CurrentRuntime } from './current-runtime.js';
import { archiveOf, type Messages, messagesOf, recordedOf } from './messages.js';
import { ReceivingService } from './receiving-service.js';

export type { BatchCounts, BatchEnd, BatchOptions, BatchProgress, BatchResult } from '../recording/batch-options.js';
export type { RunningWorker, WorkerState } from '../recording/worker.js';

/** Options of `work`. */
export interface WorkOptions {
  /** Most messages under way at once, 1 to 10 000. @default that of the setting `worker`, else 100 */
  readonly concurrency?: number | undefined;
}

/** What a service keeps when it is configured anew. */
export interface ServiceKeeps {
  readonly inbox: Inbox;
  readonly conditions: Conditions;
  readonly messageEvents: MessageEvents;
}

/** The part of a push service for recorded messages, which need the setting `messages`. */
export abstract class RecordingService<
  Backend extends AnyBackend,
  Backends extends BackendsByName,
> extends ReceivingService<Backend, Backends> {
  readonly #runtime: CurrentRuntime;
  readonly #keeps: ServiceKeeps;
  readonly #messages: Messages;

  constructor(runtime: CurrentRuntime, keeps: ServiceKeeps) {
    super(runtime);
    this.#runtime = runtime;
    this.#keeps = keeps;
    this.#messages = messagesOf(runtime, keeps.inbox);
  }

  /** Messages: those that come in, `for await (… of messages(channel))`, and those that were recorded. */
  get messages(): Messages {
    return this.#messages;
  }

  /**
   * Adds a condition: `send({ when: name })` asks it when the message is due, and does not send it when it says false.
   * `'unread'` is built in. Conditions stay after `configure`. A process whose worker is to send such messages needs
   * them too.
   * @typeParam Args what `send({ when: { name, args } })` hands over. Nothing checks it
   * @param condition has the setting `timeout` to answer. One that throws is asked again later
   * @param options `signal` takes it back; `replace` puts it in the place of another one
   * @throws ValidationError for a wrong name, function or options; ConfigurationError for a name that is taken
   * @example
   * PushService.condition('unpaid', async (message, args: { invoice: number }) => !(await db.isPaid(args.invoice)));
   * await PushService.send({ event: 'reminder', users, delay: '3d', when: { name: 'unpaid', args: { invoice: 42 } } });
   */
  condition<Args = JsonValue | undefined>(name: string, condition: Condition<Args>, options?: ConditionOptions): this {
    this.#keeps.conditions.add(name, condition as Condition, options);
    return this;
  }

  /**
   * Stops all messages that wait and were sent with a `key`. A message that is being sent goes on.
   * @returns how many it stopped
   * @throws ConfigurationError without a message store; ValidationError for no key; PushError when the store does not
   * answer
   * @example
   * const stopped = await PushService.cancel('invite:42');
   */
  async cancel(key: string): Promise<number> {
    return (await archiveOf(this.#runtime, 'cancel()')).cancelAll(key);
  }

  /**
   * Begins to send what waits in the message store, where the settings leave that to others (`worker: false`). It
   * resolves when the backend and the store are open and the worker works. `close` ends it.
   * @returns what the worker does, as it is whenever it is read
   * @throws ConfigurationError without a message store; ValidationError for wrong options; PushError when no backend or
   * not the store could be opened
   * @example
   * const worker = await PushService.work({ concurrency: 20 });
   * console.log(worker.state); // 'working'
   */
  async work(options: WorkOptions = {}): Promise<RunningWorker> {
    checkOptionNames(options, ['concurrency'], 'work()');
    const concurrency = checkConcurrency(options.concurrency);
    const recorded = recordedOf(this.#runtime, 'work()');
    await this.#runtime.configured.anyOpened();
    return recorded.work(concurrency);
  }

  /**
   * Sends what is due in the message store, by priority, then by age, and resolves when nothing is due any more: for a
   * cron job, where no worker runs. Any number of batches and workers may run at once, and none sends what another one
   * has taken.
   * @returns how many messages were sent, failed and so on, how many are left, and why it ended
   * @throws ConfigurationError without a message store; ValidationError for wrong options, before anything is sent;
   * PushError when no backend or not the store could be opened, or when the store does not answer any more: then what
   * was under way has ended
   * @example
   * const { sent, failed, left } = await PushService.sendBatch({ size: 1_000, maxAttempts: 3, maxAge: '2d' });
   */
  async sendBatch(options: BatchOptions = {}): Promise<BatchResult> {
    const checked = checkBatchOptions(options);
    const recorded = recordedOf(this.#runtime, 'sendBatch()');
    await this.#runtime.configured.openingsEnd();
    return (await recorded.opened()).sendBatch(checked);
  }

  /**
   * Makes the worker of this process look for messages at once, for whoever hears by other means that there are some.
   * It does nothing without a message store, without a worker, and after `close`.
   */
  wake(): void {
    this.#runtime.current?.recorded?.wake();
  }

  /**
   * Adds a listener. Its failures are logged, and other listeners still run. Adding it twice changes nothing.
   * `messageReceived` hears what comes in. The others hear what happens in this process to recorded messages;
   * `recorded` comes before the commit where a message is sent with `transaction`.
   * @param options `signal` removes it
   * @throws ValidationError for another event, no function, or wrong options
   * @example
   * PushService.on('failed', ({ id, event, error }) => alarm(`${event} ${id}: ${error?.message}`));
   */
  on(event: 'messageReceived', listener: MessageListener, options?: Lasting): this;
  on(event: MessageEventName, listener: MessageEventListener, options?: Lasting): this;
  on(event: string, listener: (event: never) => unknown, options?: Lasting): this {
    this.#listeners(event).add(listener as Listener<unknown>, options, 'on()');
    return this;
  }

  /** Adds a listener for one event: it is removed before its first call. The rest is as for {@link on}. */
  once(event: 'messageReceived', listener: MessageListener, options?: Lasting): this;
  once(event: MessageEventName, listener: MessageEventListener, options?: Lasting): this;
  once(event: string, listener: (event: never) => unknown, options?: Lasting): this {
    this.#listeners(event).add(listener as Listener<unknown>, options, 'once()');
    return this;
  }

  /** Removes a listener. */
  off(event: 'messageReceived', listener: MessageListener): this;
  off(event: MessageEventName, listener: MessageEventListener): this;
  off(event: string, listener: (event: never) => unknown): this {
    this.#listeners(event).remove(listener as Listener<unknown>);
    return this;
  }

  /** @throws ValidationError for an event that there is not */
  #listeners(event: string): Pick<Listeners<unknown>, 'add' | 'remove'> {
    const { inbox, messageEvents: events } = this.#keeps;
    if (event === 'messageReceived') return inbox;
    const known = messageEvents.find((each) => each === event);
    if (known !== undefined) return events.of(known);
    const names = ['messageReceived', ...messageEvents].map((name) => `"${name}"`).join(', ');
    throw new ValidationError(`A push service has no event "${String(event)}": its events are ${names}.`);
  }

  /** @internal */
  override async reset(): Promise<void> {
    const { inbox, conditions, messageEvents: events } = this.#keeps;
    inbox.clear();
    conditions.clear();
    events.clear();
    await super.reset();
  }
}
