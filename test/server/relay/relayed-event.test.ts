import { describe, expect, it } from 'vitest';
import { textFrame } from '../../../src/server/frames.js';
<<<<<<< HEAD
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
=======
import {
  cachedText,
  decodeEvent,
  encodeEvent,
  publicationOf,
  UnknownVersion,
} from '../../../src/server/relay/relayed-event.js';

const message = { event: 'x', channel: 'news', data: '"é"' };

describe('an event on its way to other nodes', () => {
  it.each([10, 200, 70_000])('has the same bytes of %i characters there', (length) => {
    const frame = textFrame(JSON.stringify({ ...message, data: 'a'.repeat(length) }));
    const event = { frame, except: '123.456', id: 'id-1', isKept: true };
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
    expect(publicationOf(event)).toEqual({ ...message, data: 'a'.repeat(length), id: 'id-1' });
  });

  it('leaves out what it need not have', () => {
    const frame = textFrame(JSON.stringify(message));
    expect(decodeEvent(encodeEvent({ frame }))).toEqual({ frame, except: undefined, id: undefined, isKept: false });
    expect(encodeEvent({ frame }).length).toBe(frame.length + 2);
  });

  it('leaves out the socket that gets nothing where no socket can have such an id', () => {
    const frame = textFrame(JSON.stringify(message));
    expect(decodeEvent(encodeEvent({ frame, except: `1.${'2'.repeat(300)}` }))).toMatchObject({
      frame,
      except: undefined,
    });
  });

  it('is refused in a form of another version, or with what this one does not know', () => {
    const bytes = encodeEvent({ frame: textFrame('{}') });
    expect(() => decodeEvent(Buffer.concat([Buffer.from([2]), bytes.subarray(1)]))).toThrow(UnknownVersion);
    expect(() => decodeEvent(Buffer.concat([Buffer.from([1, 128]), bytes.subarray(2)]))).toThrow(UnknownVersion);
    expect(() => decodeEvent(Buffer.alloc(0))).toThrow(UnknownVersion);
  });

  it('is handed to whoever comes later without the id, so that it comes again', () => {
    const frame = textFrame(JSON.stringify({ ...message, id: 'id-1' }));
    expect(cachedText({ frame, id: 'id-1' })).toBe(JSON.stringify(message));
>>>>>>> main
  });
});
