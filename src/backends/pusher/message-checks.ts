import { PushError, ValidationError } from '../../core/errors.js';
import { checkName } from '../../core/names.js';
import {
  channelName,
  eventName,
  isEncrypted,
  isUserId,
  MAX_USER_ID_LENGTH,
  userOfChannel,
} from '../../pusher-protocol/names.js';
import { encryptedBytes } from './encryption.js';
import type { CheckedOptions } from './options.js';

const backend = 'pusher';

/** Checks the channels of a message. @throws ValidationError when the payload cannot go to one of them */
export function checkDestination(
  channels: readonly string[],
  payload: string,
  { encryptionMasterKeyBase64, maxEventBytes }: CheckedOptions,
): void {
  for (const channel of channels) {
    const userId = userOfChannel(channel);
    if (userId !== undefined) checkedUserId(userId);
  }
  const encrypted = channels.find((channel) => isEncrypted(channel));
  if (encrypted === undefined) return;
  if (encryptionMasterKeyBase64 === undefined)
    throw invalid(`"${encrypted}" is an encrypted channel: set the option "encryptionMasterKeyBase64".`);
  const bytes = encryptedBytes(payload);
  if (bytes > maxEventBytes)
    throw invalid(
      `"data" takes ${bytes} bytes when it is encrypted for "${encrypted}"; Pusher takes ${maxEventBytes}. Send less, or send a reference that the receiver fetches.`,
    );
}

/**
 * Checks a user's id.
 * @throws ValidationError for an id that Pusher does not take, or that would change the path of a request
 */
export function checkedUserId(userId: unknown): string {
  if (isUserId(userId) && !/^\.{1,2}$/.test(userId) && !/\p{Cc}/u.test(userId) && userId.isWellFormed()) return userId;
  throw invalid(
    `A user's id must be a string of 1 to ${MAX_USER_ID_LENGTH} characters, without control characters, and not "." or "..".`,
  );
}

/** Checks a channel name and encodes it for a path. @throws ValidationError for a wrong name */
export function checkedChannel(channel: string): string {
  checkName(channel, 'channel', channelName, backend);
  if (/^\.{1,2}$/.test(channel))
    throw invalid(
      `The HTTP API cannot be asked about the channel "${channel}", because it would change the path of the request.`,
    );
  return encodeURIComponent(channel);
}

/** Checks a message to a user and makes its payload. @throws ValidationError for a wrong id, event or data */
export function checkedUserMessage(
  { userId, event, json }: { userId: string; event: string; json: () => string },
  maxEventBytes: number,
): string {
  checkedUserId(userId);
  checkName(event, 'event', eventName, backend);
  let text: string;
  try {
    text = json();
  } catch (cause) {
    if (PushError.isPushError(cause)) throw cause;
    throw new ValidationError('"data" cannot be turned into JSON.', { backend, cause });
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > maxEventBytes) throw invalid(`"data" takes ${bytes} bytes as JSON; Pusher takes ${maxEventBytes}.`);
  return text;
}

function invalid(message: string): ValidationError {
  return new ValidationError(message, { backend });
}
