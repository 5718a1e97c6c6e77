import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { DeliveryContext } from '../delivery/deliver.js';
import type { PlanContext } from '../delivery/plan.js';
import type { MessageStore, Now } from '../messages/store.js';
import type { SessionAdapter } from '../sessions/adapter.js';
import type { Conditions } from './conditions.js';
import type { MessageEvents } from './events.js';
import type { JobFeed } from './job-feed.js';
import type { Recording, Working } from './settings.js';

/** What recording needs of a configured service. */
export interface RecordingHost {
  /** The setting `name`: the service that messages belong to. */
  readonly service: string;
  readonly store: MessageStore;
  readonly backend: AnyBackend;
  readonly capabilities: BackendCapabilities;
  readonly sessions: SessionAdapter<never>;
  readonly conditions: Conditions;
  readonly events: MessageEvents;
  readonly logger: Logger;
  readonly planning: PlanContext;
  readonly delivering: DeliveryContext;
  readonly recording: Recording;
  readonly working: Working;
  readonly clock: Clock;
  /** Puts messages that wait into the setting `queue`, if there is one. */
  readonly feed?: JobFeed | undefined;
  /** How long the backend, a condition and others have, in milliseconds. */
  readonly timeout: number;
  /** Whether the backend is open. */
  isOpen(): boolean;
  /** Resolves when the backend is open. @throws PushError */
  opened(timeout: number, signal: AbortSignal | undefined): Promise<unknown>;
}

/** The present of a store: its own, unless somebody turns the clock. Stores keep whole milliseconds. */
export function storeNow(clock: Clock): () => Now {
  return clock === systemClock ? () => undefined : () => Math.floor(clock.now());
}
