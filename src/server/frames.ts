/** RFC 6455 5.2: the last frame of a message, opcode text. */
const FINAL_TEXT = 0x81;
/** Lengths from here on are written in 16 bits, and from the next one on in 64. */
const NEEDS_16_BITS = 126;
const NEEDS_64_BITS = 65_536;

/** Makes a text into one WebSocket frame, as a server sends it: without a mask. */
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

/** RFC 6455 5.5.3. */
const FINAL_PONG = 0x8a;

/** Answers a WebSocket ping, whose data is at most 125 bytes. */
export function pongFrame(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([FINAL_PONG, data.length]), data]);
}
