import { type Clock, systemClock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Destinations } from '../delivery/destination.js';
import type { MessageStore, Now } from '../messages/store.js';
import type { Conditions } from './conditions.js';
import type { MessageEvents } from './events.js';
import type { JobFeed } from './job-feed.js';
import type { Recording, Working } from './settings.js';

/** What recording needs of a configured service. */
export interface RecordingHost {
  /** The setting `name`: the service that messages belong to. */
  readonly service: string;
  readonly store: MessageStore;
  readonly destinations: Destinations;
  readonly conditions: Conditions;
  readonly events: MessageEvents;
  readonly logger: Logger;
  readonly recording: Recording;
  readonly working: Working;
  readonly clock: Clock;
  /** Puts messages that wait into the setting `queue`, if there is one. */
  readonly feed?: JobFeed | undefined;
  /** How long the backend, a condition and others have, in milliseconds. */
  readonly timeout: number;
}

/** The present of a store: its own, unless somebody turns the clock. Stores keep whole milliseconds. */
export function storeNow(clock: Clock): () => Now {
  return clock === systemClock ? () => undefined : () => Math.floor(clock.now());
}
