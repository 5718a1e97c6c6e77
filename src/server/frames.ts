// Makes WebSocket frames (RFC 6455). `outbox.ts` collects those of one tick, and `connection.ts` writes them to the
// socket.

/** RFC 6455 5.2: the last frame of a message, opcode text. */
const FINAL_TEXT = 0x81;
/** RFC 6455 5.5.2: the last frame of a message, opcode ping. */
const FINAL_PING = 0x89;
/** RFC 6455 5.5.3: the last frame of a message, opcode pong. */
const FINAL_PONG = 0x8a;
/** A length of this or more is written in 16 bits. */
const NEEDS_16_BITS = 126;
/** A length of this or more is written in 64 bits. */
const NEEDS_64_BITS = 65_536;

/** Makes the frame of a text, without a mask, as a server sends it. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerLength = length < NEEDS_16_BITS ? 2 : length < NEEDS_64_BITS ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = FINAL_TEXT;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.write(text, headerLength);
  return frame;
}

/** Makes the frame of a ping. @param text what the answer repeats, at most 125 bytes (RFC 6455 5.5) */
export function pingFrame(text: string): Buffer {
  const data = Buffer.from(text);
  return Buffer.concat([Buffer.from([FINAL_PING, data.length]), data]);
}

/** Makes the frame that answers a ping. @param data the ping's, at most 125 bytes (RFC 6455 5.5) */
export function pongFrame(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([FINAL_PONG, data.length]), data]);
}
