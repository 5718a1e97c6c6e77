import {
  type BackendCapabilities,
  createPushService,
  type PushServerSettings,
  type PushService,
} from '../../src/index.js';
import { memoryMessages } from '../../src/messages/memory/index.js';
import type { MessageStore } from '../../src/messages/store.js';
import { memorySessions } from '../../src/sessions/memory.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { TestClock } from '../support/test-clock.js';

/** A service with a message store, whose backend, clock and log are in the test's hands. */
export interface RecordedService extends AsyncDisposable {
  readonly push: PushService;
  readonly backend: RecordingBackend;
  readonly clock: TestClock;
  readonly logger: RecordingLogger;
  readonly store: MessageStore;
  /** What happened to messages: `sent hello`. */
  readonly events: string[];
}

/** Makes a service whose sends are tried once at once, and again a minute and an hour later. */
export function recordedService(
  settings: Partial<PushServerSettings> & { readonly limits?: Partial<BackendCapabilities> } = {},
  clock: TestClock = new TestClock(),
): RecordedService {
  const { limits, ...others } = settings;
  const backend = new RecordingBackend(limits);
  const logger = new RecordingLogger();
  const store = (others.messages as MessageStore | undefined) ?? memoryMessages();
  const push = createPushService({
    sessions: memorySessions(),
    retries: 0,
    recording: { retryDelays: ['1m', '1h'] },
    ...others,
    backend,
    logger,
    clock,
    messages: store,
  } as PushServerSettings);
  const events: string[] = [];
  for (const event of ['recorded', 'sent', 'failed', 'retrying', 'skipped', 'cancelled'] as const)
    push.on(event, (message) => events.push(`${event} ${message.event}`));
  return { push, backend, clock, logger, store, events, [Symbol.asyncDispose]: () => push.close() };
}
