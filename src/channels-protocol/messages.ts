/**
 * The server's messages as they go on the wire. `data` is a JSON text within the JSON, except in errors,
 * where it is an object. Source: "Double encoding" in the Channels protocol.
 */
function message(event: string, data: unknown, channel?: string): string {
  const text = JSON.stringify(JSON.stringify(data));
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

/** Who is on a presence channel, as a new member is told. */
export interface PresenceList {
  readonly ids: readonly string[];
  readonly hash: Readonly<Record<string, unknown>>;
  readonly count: number;
}

export function subscriptionSucceeded(channel: string, presence?: PresenceList): string {
  return message('pusher_internal:subscription_succeeded', presence === undefined ? {} : { presence }, channel);
}

export function memberAdded(channel: string, userId: string, userInfo: unknown): string {
  return message('pusher_internal:member_added', { user_id: userId, user_info: userInfo }, channel);
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
