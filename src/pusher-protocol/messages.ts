import type { ProtocolUser } from './users.js';

/** Users who have come or gone. Source: https://pusher.com/docs/channels/using_channels/watchlist-events */
export interface WatchlistEvent {
  readonly name: 'online' | 'offline';
  readonly user_ids: readonly string[];
}

// The server's messages, each made as the text that is sent. Source:
// https://pusher.com/docs/channels/library_auth_reference/pusher-websockets-protocol

/** Makes a message whose `data` is a JSON text within the JSON. Source: "Double encoding" in the Channels protocol. */
function message(event: string, data: object, channel?: string): string {
  return messageOf(event, JSON.stringify(data), channel);
}

function messageOf(event: string, dataText: string, channel?: string): string {
  const text = JSON.stringify(dataText);
  return channel === undefined
    ? `{"event":"${event}","data":${text}}`
    : `{"event":"${event}","channel":${JSON.stringify(channel)},"data":${text}}`;
}

export function connectionEstablished(socketId: string, activityTimeoutSeconds: number): string {
  return message('pusher:connection_established', { socket_id: socketId, activity_timeout: activityTimeoutSeconds });
}

/**
 * Makes an error about the connection, whose `data` is an object.
 * @param code a close code when the connection ends with it, else null
 */
export function protocolError(text: string, code: number | null = null): string {
  return JSON.stringify({ event: 'pusher:error', data: { code, message: text } });
}

/**
 * Makes the answer to a subscription that is refused, whose `data` is an object. The connection stays.
 * @param status as in HTTP
 */
export function subscriptionError(channel: string, error: string, type: string, status: number): string {
  return JSON.stringify({ event: 'pusher:subscription_error', channel, data: { type, error, status } });
}

/** Makes the answer to a subscription that is confirmed. @param members the users on it, on a presence channel */
export function subscriptionSucceeded(channel: string, members?: readonly ListedMember[]): string {
  const data = members === undefined ? '{}' : presenceText(members);
  return `{"event":"pusher_internal:subscription_succeeded","channel":${JSON.stringify(channel)},"data":"${data}"}`;
}

/**
 * A member in the list of a presence channel, as JSON within JSON. It is made once, because each who comes to a channel
 * gets the list.
 */
export interface ListedMember {
  /** The id, for `ids`. */
  readonly id: string;
  /** The id and the details, for `hash`. */
  readonly entry: string;
}

export function listedMember({ id, info = 'null' }: ProtocolUser): ListedMember {
  const idText = JSON.stringify(id);
  return { id: withinText(idText), entry: withinText(`${idText}:${info}`) };
}

/** What stands for a text within another one in JSON. */
function withinText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function presenceText(members: readonly ListedMember[]): string {
  let ids = '';
  let entries = '';
  for (const { id, entry } of members) {
    const comma = ids === '' ? '' : ',';
    ids += comma + id;
    entries += comma + entry;
  }
  return `{\\"presence\\":{\\"ids\\":[${ids}],\\"hash\\":{${entries}},\\"count\\":${members.length}}}`;
}

export function memberAdded(channel: string, { id, info }: ProtocolUser): string {
  const userInfo = info === undefined ? '' : `,"user_info":${info}`;
  return messageOf('pusher_internal:member_added', `{"user_id":${JSON.stringify(id)}${userInfo}}`, channel);
}

export function memberRemoved(channel: string, userId: string): string {
  return message('pusher_internal:member_removed', { user_id: userId }, channel);
}

export function cacheMiss(channel: string): string {
  return JSON.stringify({ event: 'pusher:cache_miss', channel });
}

export function signinSuccess(userData: string): string {
  return message('pusher:signin_success', { user_data: userData });
}

/** Makes the message that tells a signed-in client which of the users whom it watches are there. */
export function watchlistEvents(events: readonly WatchlistEvent[]): string {
  return message('pusher_internal:watchlist_events', { events });
}

/** Makes the message that tells the subscribers of a channel how many they are. */
export function subscriptionCount(channel: string, count: number): string {
  return message('pusher_internal:subscription_count', { subscription_count: count }, channel);
}

export const ping: string = message('pusher:ping', {});
export const pong: string = message('pusher:pong', {});

/**
 * Makes an event on a channel.
 * @param dataText the data as text, made into JSON already, so that it is made once for many channels
 * @param userId the sender's user: of a client event on a presence channel
 */
export function channelEvent(channel: string, event: string, dataText: string, userId?: string): string {
  const sender = userId === undefined ? '' : `,"user_id":${JSON.stringify(userId)}`;
  return `{"event":${JSON.stringify(event)},"channel":${JSON.stringify(channel)},"data":${dataText}${sender}}`;
}

/**
 * Adds the id of a recorded message to its event, as the last key. Clients of other makers ignore it.
 * @param id as {@link isMessageId} allows
 */
export function withMessageId(channelEventText: string, id: string): string {
  return `${channelEventText.slice(0, -1)},"id":"${id}"}`;
}

/** Whether a value may be the id of a message: letters, digits, `-` and `_`, up to 64 of them, as in a UUID. */
export function isMessageId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w-]{1,64}$/.test(id);
}

/**
 * Codes that the server closes a connection with. After 4000–4099 a client must not reconnect with what it sent; after
 * 4100–4199 it waits and reconnects; after 4200–4299 it reconnects at once. Source: "Error codes" in the Channels
 * protocol.
 */
export const closeCode = {
  tlsOnly: 4000,
  noSuchApp: 4001,
  appDisabled: 4003,
  overAppQuota: 4004,
  noSuchPath: 4005,
  badVersion: 4006,
  unsupportedVersion: 4007,
  noVersion: 4008,
  unauthorized: 4009,
  overCapacity: 4100,
  reconnect: 4200,
  noPong: 4201,
} as const;

/** Whether a client that was closed with a code connects again by itself. */
export function mayReconnect(code: number): boolean {
  return code >= closeCode.overCapacity;
}

/** Code of the error that answers a client event over the rate limit. The connection stays. */
export const CLIENT_EVENT_RATE: number = 4301;

/** Code of the error that answers a watch list with more users than a user may watch. The sign-in succeeds. */
export const WATCHLIST_LIMIT: number = 4302;

/** RFC 6455 7.4.1: close code of an endpoint that was sent a kind of data that it does not take. */
export const UNSUPPORTED_DATA: number = 1003;
