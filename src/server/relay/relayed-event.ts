import { channelEvent } from '../../pusher-protocol/messages.js';
import type { Publication } from '../local-channel.js';

/** Version of this form. A node takes its own and, when there is one, the one before. */
const VERSION = 1;

/** Bytes of a text beside the frame: its length is one byte. */
const MAX_TEXT_BYTES = 255;

const hasExcept = 1;
const hasId = 2;
const isKept = 4;
const isForNodes = 8;
/** Flags that this version knows. An event with another one is of a later version that did not say so. */
const known = hasExcept | hasId | isKept | isForNodes;

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
  /** Whether it is for the nodes themselves, and nobody gets it. Then `frame` is JSON. */
  readonly isForNodes?: boolean | undefined;
}

/** Thrown for an event that a node of another version has sent. */
export class UnknownVersion extends Error {}

/**
 * Makes the bytes that travel: version, flags, the texts that the flags name with their lengths, the frame. No
 * connection and no message has an id that is too long for its length, so such a one is left out: who names it, names
 * nobody.
 */
export function encodeEvent({ frame, except, id, isKept: keeps, isForNodes: isTold }: RelayedEvent): Buffer {
  const exceptBytes = sizeOf(except);
  const idBytes = sizeOf(id);
  const bytes = Buffer.allocUnsafe(2 + exceptBytes + idBytes + frame.length);
  bytes[0] = VERSION;
  bytes[1] =
    (exceptBytes > 0 ? hasExcept : 0) | (idBytes > 0 ? hasId : 0) | (keeps ? isKept : 0) | (isTold ? isForNodes : 0);
  if (exceptBytes > 0) put(bytes, except, 2);
  if (idBytes > 0) put(bytes, id, 2 + exceptBytes);
  bytes.set(frame, 2 + exceptBytes + idBytes);
  return bytes;
}

/** Bytes of a text with its length, which takes one; 0 for a text that is left out. */
function sizeOf(text: string | undefined): number {
  const length = text === undefined ? 0 : Buffer.byteLength(text);
  return length === 0 || length > MAX_TEXT_BYTES ? 0 : 1 + length;
}

function put(bytes: Buffer, text = '', position = 0): void {
  bytes[position] = bytes.write(text, position + 1);
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
  const frame = bytes.subarray(position);
  return { frame, except, id, isKept: (flags & isKept) !== 0, isForNodes: (flags & isForNodes) !== 0 };
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
