import { closeCode } from '../../channels-protocol/close-codes.js';
import { protocolError, signinSuccess } from '../../channels-protocol/messages.js';
import { isUserId } from '../../channels-protocol/names.js';
import { isRecord, parseData } from '../../channels-protocol/parse-message.js';
import { userText } from '../../channels-protocol/signature.js';
import type { App } from './app.js';
import { isAuthorized } from './client-auth.js';
import type { Connection } from './connection.js';

/** Answers `pusher:signin`. A sign-in that is not the application's ends the connection, as at Pusher. */
export function signIn(app: App, connection: Connection, data: unknown): void {
  const { auth, user_data: userData } = isRecord(data) ? data : {};
  if (typeof userData !== 'string' || !isAuthorized(auth, userText(connection.id, userData), app.settings)) {
    connection.close(closeCode.unauthorized, 'The sign-in is not authorised: its signature is missing or wrong');
    return;
  }
  const user = parseData(userData);
  if (!isRecord(user) || !isUserId(user['id'])) {
    connection.close(closeCode.unauthorized, 'The user_data needs an "id" of 1 to 128 characters');
    return;
  }
  if (connection.user !== undefined && connection.user.id !== user['id']) {
    connection.sendText(protocolError('The connection is signed in as another user already'));
    return;
  }
  app.signIn(connection, { id: user['id'], info: user['user_info'] });
  connection.sendText(signinSuccess(userData));
}
