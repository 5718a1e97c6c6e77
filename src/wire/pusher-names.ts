/** Begins the name of the channel that reaches all connections signed in as a user; the user's id follows. */
export const SERVER_TO_USER_PREFIX = '#server-to-user-';

/** Begins the name of each event that a client sends to other clients. */
export const CLIENT_EVENT_PREFIX = 'client-';

/** Whether a subscription to the channel needs a signature. */
export function isPrivate(channel: string): boolean {
  return channel.startsWith('private-') || isPresence(channel);
}

/** Whether everybody may subscribe to the channel. */
export function isPublic(channel: string): boolean {
  return !isPrivate(channel) && !channel.startsWith(SERVER_TO_USER_PREFIX);
}

/** Whether the channel tells its members of each other. */
export function isPresence(channel: string): boolean {
  return channel.startsWith('presence-');
}

/** Whether events on the channel are encrypted end to end, so that the server cannot read them. */
export function isEncrypted(channel: string): boolean {
  return channel.startsWith('private-encrypted-');
}

/** Whether an event belongs to Pusher's protocol, and is no message of the application. */
export function isProtocolEvent(event: string): boolean {
  return event.startsWith('pusher:') || event.startsWith('pusher_internal:');
}
