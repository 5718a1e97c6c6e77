import { describe, expect, it } from 'vitest';
import { textFrame } from '../../../src/server/frames.js';
import { cachedText, decodeEvent, encodeEvent, UnknownVersion } from '../../../src/server/relay/relayed-event.js';

const frame = textFrame('{"event":"note","channel":"news","data":"\\"grüß\\""}');

describe('an event on its way to other nodes', () => {
  it('arrives as it was, whatever it has', () => {
    for (const except of [undefined, '123.456'])
      for (const id of [undefined, 'm-1', 'ü'.repeat(100)])
        for (const isKept of [false, true]) {
          const event = { frame, except, id, isKept };
          expect(decodeEvent(encodeEvent(event))).toEqual(event);
        }
    expect(cachedText(decodeEvent(encodeEvent({ frame, isKept: true })))).toBe(
      '{"event":"note","channel":"news","data":"\\"grüß\\""}',
    );
  });

  it('reaches all when the connection that is not to get it has a name that none can have', () => {
    for (const except of ['', `${'1'.repeat(300)}.1`])
      expect(decodeEvent(encodeEvent({ frame, except, id: 'm-1' }))).toEqual({
        frame,
        except: undefined,
        id: 'm-1',
        isKept: false,
      });
  });

  it('is refused when another version has made it', () => {
    const bytes = encodeEvent({ frame });
    for (const [place, value] of [
      [0, 2],
      [1, 8],
    ] as const) {
      const other = Buffer.from(bytes);
      other[place] = value;
      expect(() => decodeEvent(other)).toThrow(UnknownVersion);
    }
  });
});
