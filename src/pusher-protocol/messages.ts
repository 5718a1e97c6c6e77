/**
 * The server's messages as they go on the wire. `data` is a JSON text within the JSON, except in errors,
 * where it is an object. Source: "Double encoding" in the Channels protocol.
 */
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

/** An error that concerns the connection; without a code it is harmless. */
export function protocolError(text: string, code: number | null = null): string {
  return JSON.stringify({ event: 'pusher:error', data: { code, message: text } });
}

/** A subscription that was refused. The connection stays. */
export function subscriptionError(channel: string, error: string, type: string, status: number): string {
  return JSON.stringify({ event: 'pusher:subscription_error', channel, data: { type, error, status } });
}

/** A user on a presence channel. */
export interface PresenceMember {
  readonly id: string;
  /** What the application says of the user, as JSON: other members' messages contain it, however deep it is. */
  readonly info: string | undefined;
}

/** @param members who is on the channel, on a presence channel */
export function subscriptionSucceeded(channel: string, members?: readonly PresenceMember[]): string {
  return messageOf('pusher_internal:subscription_succeeded', members === undefined ? '{}' : presence(members), channel);
}

function presence(members: readonly PresenceMember[]): string {
  const ids = members.map(({ id }) => JSON.stringify(id));
  const infos = members.map(({ info = 'null' }, index) => `${ids[index]}:${info}`);
  return `{"presence":{"ids":[${ids.join(',')}],"hash":{${infos.join(',')}},"count":${members.length}}}`;
}

export function memberAdded(channel: string, { id, info }: PresenceMember): string {
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

export const ping: string = message('pusher:ping', {});
export const pong: string = message('pusher:pong', {});

/**
 * An event on a channel.
 * @param dataText the event's data as the JSON text of a string, so that many channels can share it
 * @param userId who sent it: client events on presence channels
 */
export function channelEvent(channel: string, event: string, dataText: string, userId?: string): string {
  const sender = userId === undefined ? '' : `,"user_id":${JSON.stringify(userId)}`;
  return `{"event":${JSON.stringify(event)},"channel":${JSON.stringify(channel)},"data":${dataText}${sender}}`;
}

/**
 * Why the server closes a connection. 4000–4099: the client must not reconnect as it is; 4100–4199: it
 * waits and reconnects; 4200–4299: it reconnects at once. Source: "Error codes" in the Channels protocol.
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

/** Code of the error that a client event over the rate limit is answered with; the connection stays. */
export const CLIENT_EVENT_RATE: number = 4301;

/** WebSocket (RFC 6455 7.4.1): the endpoint got data of a kind that it does not take. */
export const UNSUPPORTED_DATA: number = 1003;
