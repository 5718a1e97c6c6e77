import * as z from 'zod/mini';
import { whole } from '../core/schema-parts.js';
import { channelName, eventName, MAX_CHANNELS_PER_TRIGGER, MAX_EVENTS_PER_BATCH } from './names.js';

/** How long names may be, and how much one request to the HTTP API may publish. */
export interface PublishLimits {
  /**
   * Length of a channel's name, in characters; 1 000 at most.
   * @default 164 (Pusher's; its server libraries take 200)
   */
  maxChannelNameLength?: number | undefined;
  /** Length of an event's name, in characters; 1 000 at most. @default 200 (Pusher's) */
  maxEventNameLength?: number | undefined;
  /** Channels that one event may go to in a request to the HTTP API. @default 100 (Pusher's) */
  maxChannelsPerEvent?: number | undefined;
  /** Events in one batch of the HTTP API. @default 10 (Pusher's) */
  maxEventsPerBatch?: number | undefined;
}

/** The limits, with the defaults filled in. */
export type CheckedPublishLimits = { readonly [Name in keyof PublishLimits]-?: NonNullable<PublishLimits[Name]> };

/**
 * Longest name of a channel or an event, in characters: `pusher:subscription_error` repeats as much of a name, and a
 * client finds its subscription by the whole of it.
 */
export const MAX_NAME_LENGTH = 1000;

/** The part of a server's schema, and of that of a backend that publishes to it, for these limits. */
export function publishLimits(): { [Name in keyof PublishLimits]-?: z.ZodMiniDefault<z.ZodMiniNumber<number>> } {
  const count = whole(1);
  return {
    maxChannelNameLength: z._default(whole(1, MAX_NAME_LENGTH), channelName.maxLength),
    maxEventNameLength: z._default(whole(1, MAX_NAME_LENGTH), eventName.maxLength),
    maxChannelsPerEvent: z._default(count, MAX_CHANNELS_PER_TRIGGER),
    maxEventsPerBatch: z._default(count, MAX_EVENTS_PER_BATCH),
  };
}
