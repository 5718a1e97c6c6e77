import { closeCode, protocolError, signinSuccess } from '../pusher-protocol/messages.js';
import { parseUser } from '../pusher-protocol/users.js';
import { isRecord } from '../wire/is-record.js';
import type { App } from './app.js';
import type { Connection } from './connection.js';

/**
 * Answers `pusher:signin`. A sign-in that is not allowed ends the connection, as at Pusher.
 * @param maxUserBytes size of the `user_data`, in UTF-8 bytes
 */
export function signIn(app: App, connection: Connection, data: unknown, maxUserBytes: number): void {
  const { auth, user_data: userData } = isRecord(data) ? data : {};
  if (typeof userData !== 'string' || !app.access.maySignIn({ socketId: connection.id, auth, userData })) {
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
