import { channelEvent } from '../../pusher-protocol/messages.js';
import type { Publication } from '../local-channel.js';

/** Version of this form. A node takes its own and, when there is one, the one before. */
const VERSION = 1;

const hasExcept = 1;
const hasId = 2;
const isKept = 4;
/** Flags that this version knows. An event with another one is of a later version that did not say so. */
const known = hasExcept | hasId | isKept;

/**
 * An event on its way to all nodes. Where it came in, its frame was made, and all others write the same bytes.
 */
export interface RelayedEvent {
  /** The WebSocket frame that subscribers get. */
  readonly frame: Buffer;
  /** The socket id of a connection that does not get it. */
  readonly except?: string | undefined;
  /** The message's id for listeners without the protocol, which a frame need not have. */
  readonly id?: string | undefined;
  /** Whether a cache channel hands it to those who subscribe later. */
  readonly isKept?: boolean | undefined;
}

/** Thrown for an event that a node of another version has sent. */
export class UnknownVersion extends Error {}

/** Makes the bytes that travel: version, flags, the texts that the flags name with their lengths, the frame. */
export function encodeEvent({ frame, except, id, isKept: keeps }: RelayedEvent): Buffer {
  const flags = (except === undefined ? 0 : hasExcept) | (id === undefined ? 0 : hasId) | (keeps ? isKept : 0);
  const bytes = Buffer.allocUnsafe(2 + sizeOf(except) + sizeOf(id) + frame.length);
  bytes[0] = VERSION;
  bytes[1] = flags;
  bytes.set(frame, put(bytes, id, put(bytes, except, 2)));
  return bytes;
}

/** Bytes of a text with its length. */
function sizeOf(text: string | undefined): number {
  return text === undefined ? 0 : 1 + Buffer.byteLength(text);
}

/** Writes a text with its length. @returns where it ends */
function put(bytes: Buffer, text: string | undefined, position: number): number {
  if (text === undefined) return position;
  const length = bytes.write(text, position + 1);
  bytes[position] = length;
  return position + 1 + length;
}

/**
 * Reads the bytes. The frame is a part of them, no copy.
 * @throws UnknownVersion for those of a version that this node does not know
 */
export function decodeEvent(payload: Uint8Array): RelayedEvent {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const [version, flags = 0] = bytes;
  if (version !== VERSION || (flags & ~known) !== 0) throw new UnknownVersion(String(version));
  let position = 2;
  const text = (): string => {
    const end = position + 1 + (bytes[position] ?? 0);
    const found = bytes.toString('utf8', position + 1, end);
    position = end;
    return found;
  };
  const except = flags & hasExcept ? text() : undefined;
  const id = flags & hasId ? text() : undefined;
  return { frame: bytes.subarray(position), except, id, isKept: (flags & isKept) !== 0 };
}

/** The event in a frame, as listeners without the protocol get it. */
export function publicationOf({ frame, id: sentId }: RelayedEvent): Publication {
  const {
    event,
    channel,
    data,
    user_id: userId,
    id = sentId,
  } = JSON.parse(textOfFrame(frame)) as Publication & {
    user_id?: string;
  };
  return { event, channel, data, ...(userId !== undefined && { userId }), ...(id !== undefined && { id }) };
}

/** The text of a frame that `textFrame` has made. */
function textOfFrame(frame: Buffer): string {
  const length = frame[1] ?? 0;
  return frame.toString('utf8', length < 126 ? 2 : length === 126 ? 4 : 10);
}

/** The message of a cached event. It has no id, because whoever comes to the channel again is to get it again. */
export function cachedText(event: RelayedEvent): string {
  const { event: name, channel, data } = publicationOf(event);
  return channelEvent(channel, name, JSON.stringify(data));
}
