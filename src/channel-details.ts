import type { JsonValue } from './message.js';

/** Details that a provider tells of one channel of a message. */
export type ChannelDetails = Readonly<Record<string, JsonValue>>;
