import { ValidationError } from '../../core/errors.js';
import {
  channelNameProblem,
  isPresence,
  isPrivate,
  isSocketId,
  isUserId,
  MAX_USER_ID_LENGTH,
  SERVER_TO_USER_PREFIX,
} from '../../pusher-protocol/names.js';
import { type AppKeys, authFor, channelText, userText } from '../../pusher-protocol/signature.js';
import type {
  AuthenticatedUser,
  ChannelAuthorization,
  PresenceMember,
  UserAuthentication,
} from '../contract/authorization.js';

/**
 * Signs a connection's subscription.
 * @throws ValidationError when the arguments are not what the protocol takes
 */
export function grantChannel(
  keys: AppKeys,
  socketId: string,
  channel: string,
  member?: PresenceMember,
): ChannelAuthorization {
  checkSocketId(socketId);
  // What is signed is one text, whose parts colons separate: a colon in a name could make it read as another.
  const problem = channelNameProblem(channel);
  if (problem !== undefined) throw invalid(`${JSON.stringify(channel)} is no channel. ${problem}`);
  if (!isPrivate(channel))
    throw invalid(`"${channel}" needs no authorisation: only private- and presence- channels do`);
  if (!isPresence(channel)) return { auth: authFor(channelText(socketId, channel), keys) };
  if (member === undefined)
    throw invalid(`"${channel}" is a presence channel: say who subscribes, as in { id: '1', info: { name: 'Ann' } }`);
  checkUserId(member.id);
  const channelData = JSON.stringify({ user_id: member.id, user_info: member.info });
  return { auth: authFor(channelText(socketId, channel, channelData), keys), channel_data: channelData };
}

/**
 * Signs a connection in as a user.
 * @throws ValidationError when the arguments are not what the protocol takes
 */
export function grantUser(keys: AppKeys, socketId: string, user: AuthenticatedUser): UserAuthentication {
  checkSocketId(socketId);
  checkUserId(user.id);
  if (channelNameProblem(SERVER_TO_USER_PREFIX + user.id) !== undefined)
    throw invalid("a user's id has no control characters: the user has a channel of this name");
  const userData = JSON.stringify(user);
  return { auth: authFor(userText(socketId, userData), keys), user_data: userData };
}

// A socket id with a colon in it could make one signed text read as another.
function checkSocketId(socketId: string): void {
  if (typeof socketId !== 'string' || !isSocketId(socketId)) throw invalid('a socket id has the form 123.456');
}

function checkUserId(id: unknown): void {
  if (!isUserId(id)) throw invalid(`a user's id is a text of 1 to ${MAX_USER_ID_LENGTH} characters`);
}

function invalid(problem: string): ValidationError {
  return new ValidationError(`Nothing was authorised: ${problem}.`);
}
