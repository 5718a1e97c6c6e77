import { ValidationError } from '../../core/errors.js';
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

/** @throws ValidationError for a channel that a message with this payload cannot go to */
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
    throw invalid(
      `"${encrypted}" is an encrypted channel: set the option "encryptionMasterKeyBase64", which makes its key.`,
    );
  const bytes = encryptedBytes(payload);
  if (bytes > maxEventBytes)
    throw invalid(
      `"data" takes ${bytes} bytes when it is encrypted for "${encrypted}"; Pusher takes ${maxEventBytes}. Send less, or send a reference that the receiver fetches.`,
    );
}

/** @throws ValidationError for an id that no user has, or that would lead elsewhere within an address */
export function checkedUserId(userId: unknown): string {
  if (isUserId(userId) && !/^\.{1,2}$/.test(userId) && !/\p{Cc}/u.test(userId) && userId.isWellFormed()) return userId;
  throw invalid(
    `A user's id is a text of 1 to ${MAX_USER_ID_LENGTH} characters, without control characters, and not "." or "..".`,
  );
}

/** The name of a channel as it stands in a path. @throws ValidationError for one that no channel has */
export function checkedChannel(channel: string): string {
  checkName(channel, 'channel', channelName, backend);
  if (/^\.{1,2}$/.test(channel))
    throw invalid(`"${channel}" cannot be asked about: it would lead elsewhere within an address.`);
  return encodeURIComponent(channel);
}

/** What an encoder is asked for. */
interface Encoder {
  stringify?(data: unknown): string;
}

/** The payload of a message to a user. @throws ValidationError */
export function checkedUserMessage(
  { userId, event, data }: { userId: string; event: string; data: unknown },
  encoder: Encoder,
  maxEventBytes: number,
): string {
  checkedUserId(userId);
  checkName(event, 'event', eventName, backend);
  let text: string;
  try {
    text = encoder.stringify === undefined ? encodedText(JSON.stringify(data)) : encoder.stringify(data);
    JSON.parse(text);
  } catch (cause) {
    throw new ValidationError('"data" cannot be turned into JSON.', { backend, cause });
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > maxEventBytes) throw invalid(`"data" takes ${bytes} bytes as JSON; Pusher takes ${maxEventBytes}.`);
  return text;
}

/** What an encoder returned. @throws ValidationError when it is no text */
export function encodedText(text: unknown): string {
  if (typeof text === 'string') return text;
  throw invalid(`"data" cannot be turned into JSON: the encoder returned a value of type ${typeof text}.`);
}

function invalid(message: string): ValidationError {
  return new ValidationError(message, { backend });
}
