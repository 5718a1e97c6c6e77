import { ValidationError } from '../../core/errors.js';
import { type NameRule, userIdText } from '../../core/names.js';
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
import type { ChannelAuthorization, GivenMember, GivenUser, UserAuthentication } from '../contract/authorization.js';

/**
 * Signs a connection's subscription.
 * @param channelName the names that the server takes
 * @throws ValidationError for arguments that the protocol does not take
 */
export function grantChannel(
  keys: AppKeys,
  channelName: NameRule,
  socketId: string,
  channel: string,
  member?: GivenMember,
): ChannelAuthorization {
  checkSocketId(socketId);
  // The signed text separates its parts by colons, so a colon in a name could forge another text.
  const problem = channelNameProblem(channel, channelName);
  if (problem !== undefined) throw invalid(`${JSON.stringify(channel)} is not a channel name. ${problem}`);
  if (!isPrivate(channel))
    throw invalid(`"${channel}" needs no authorisation: only private- and presence- channels do`);
  if (!isPresence(channel)) return { auth: authFor(channelText(socketId, channel), keys) };
  if (member === undefined)
    throw invalid(`"${channel}" is a presence channel: pass the member, such as { id: '1', info: { name: 'Ann' } }`);
  const channelData = jsonText({ user_id: checkedUserId(member.id), user_info: member.info }, 'member');
  return { auth: authFor(channelText(socketId, channel, channelData), keys), channel_data: channelData };
}

/**
 * Signs a connection in as a user.
 * @throws ValidationError for arguments that the protocol does not take
 */
export function grantUser(keys: AppKeys, socketId: string, user: GivenUser): UserAuthentication {
  checkSocketId(socketId);
  const id = checkedUserId(user.id);
  if (channelNameProblem(SERVER_TO_USER_PREFIX + id) !== undefined)
    throw invalid("a user's id may hold no control characters, because it is part of a channel name");
  const { watchlist } = user;
  if (watchlist !== undefined && !Array.isArray(watchlist)) throw invalid('a "watchlist" must be a list of user ids');
  const watched = watchlist?.map(checkedUserId);
  const userData = jsonText({ ...user, id, ...(watched && { watchlist: watched }) }, 'user');
  return { auth: authFor(userText(socketId, userData), keys), user_data: userData };
}

// A colon in a socket id could forge another signed text.
function checkSocketId(socketId: string): void {
  if (typeof socketId !== 'string' || !isSocketId(socketId)) throw invalid('a socket id must have the form 123.456');
}

function checkedUserId(id: unknown): string {
  const text = userIdText(id);
  if (isUserId(text)) return text;
  throw invalid(`a user's id must be a string of 1 to ${MAX_USER_ID_LENGTH} characters, or a number`);
}

function jsonText(data: object, what: 'member' | 'user'): string {
  try {
    return JSON.stringify(data);
  } catch (cause) {
    throw invalid(`the data of the ${what} cannot be written as JSON`, cause);
  }
}

function invalid(problem: string, cause?: unknown): ValidationError {
  return new ValidationError(`Nothing was authorised: ${problem}.`, { cause });
}
