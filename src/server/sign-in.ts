import { closeCode, type PresenceMember, protocolError, signinSuccess } from '../pusher-protocol/messages.js';
import { isUserId, MAX_USER_ID_LENGTH } from '../pusher-protocol/names.js';
import { parseData } from '../pusher-protocol/parse-message.js';
import { isAuthorized, userText } from '../pusher-protocol/signature.js';
import { isRecord } from '../wire/is-record.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';

/**
 * Answers `pusher:signin`. A sign-in that is not the application's ends the connection, as at Pusher.
 * @param maxUserBytes size of the `user_data`, in UTF-8 bytes
 */
export function signIn(app: App, connection: Connection, data: unknown, maxUserBytes: number): void {
  const { auth, user_data: userData } = isRecord(data) ? data : {};
  if (typeof userData !== 'string' || !isAuthorized(auth, userText(connection.id, userData), app.settings)) {
    app.end(connection, closeCode.unauthorized, 'The sign-in is not authorised: its signature is missing or wrong');
    return;
  }
  const user = parseUser(userData, maxUserBytes);
  if (typeof user === 'string') {
    app.end(connection, closeCode.unauthorized, user);
    return;
  }
  if (connection.user !== undefined && connection.user.id !== user.id) {
    connection.sendText(protocolError('The connection is signed in as another user already'));
    return;
  }
  app.signIn(connection, user);
  connection.sendText(signinSuccess(userData));
}

/** Reads the `channel_data` of a subscription, or returns in words what is wrong with it. */
export function parseMember(channelData: string, maxBytes: number): PresenceMember | string {
  if (Buffer.byteLength(channelData) > maxBytes) return `The member's channel_data is over ${maxBytes} bytes`;
  const value = parseData(channelData);
  if (!isRecord(value)) return 'The channel_data is not a JSON object';
  const { user_id: id, user_info: info } = value;
  // Pusher takes numbers, which many applications have for user ids.
  const text = typeof id === 'number' ? String(id) : id;
  if (!isUserId(text)) return `The channel_data needs a "user_id" of 1 to ${MAX_USER_ID_LENGTH} characters`;
  return memberWith(text, info);
}

/** Reads the `user_data` of a sign-in, or returns in words what is wrong with it. */
function parseUser(userData: string, maxBytes: number): PresenceMember | string {
  if (Buffer.byteLength(userData) > maxBytes) return `The user_data is over ${maxBytes} bytes`;
  const value = parseData(userData);
  if (!isRecord(value) || !isUserId(value['id']))
    return `The user_data needs an "id" of 1 to ${MAX_USER_ID_LENGTH} characters`;
  return memberWith(value['id'], value['user_info']);
}

/** The member that a signed-in user is, or in words why they cannot be one. */
export function memberOfUser(user: PresenceMember, maxBytes: number): PresenceMember | string {
  const channelData = `{"user_id":${JSON.stringify(user.id)},"user_info":${user.info ?? 'null'}}`;
  if (Buffer.byteLength(channelData) > maxBytes) return `The signed-in user's data is over ${maxBytes} bytes`;
  return user;
}

function memberWith(id: string, info: unknown): PresenceMember | string {
  try {
    return { id, info: JSON.stringify(info) };
  } catch {
    // JSON can be read to any depth, but not written.
    return 'The "user_info" is nested too deeply';
  }
}
