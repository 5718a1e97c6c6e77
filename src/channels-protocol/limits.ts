/** Pusher: 100 channels a trigger. */
export const MAX_CHANNELS_PER_TRIGGER: number = 100;
/** Pusher: 10 events a batch. */
export const MAX_EVENTS_PER_BATCH: number = 10;
