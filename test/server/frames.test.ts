import { expect, it } from 'vitest';
import { pongFrame, textFrame } from '../../src/server/frames.js';

it.each([
  [0, [0x81, 0]],
  [125, [0x81, 125]],
  [126, [0x81, 126, 0, 126]],
  [65_535, [0x81, 126, 0xff, 0xff]],
  [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
])('a text of %i bytes gets the right header', (length, header) => {
  const frame = textFrame('x'.repeat(length));
  expect([...frame.subarray(0, header.length)]).toEqual(header);
  expect(frame.length).toBe(header.length + length);
  expect(frame.subarray(header.length).toString()).toBe('x'.repeat(length));
});

it('a text is measured in bytes, not in characters', () => {
  const frame = textFrame('é'.repeat(63));
  expect([...frame.subarray(0, 4)]).toEqual([0x81, 126, 0, 126]);
  expect(frame.subarray(4).toString()).toBe('é'.repeat(63));
});

it('a pong carries the data of the ping', () => {
  expect([...pongFrame(Buffer.from('ab'))]).toEqual([0x8a, 2, 97, 98]);
});
