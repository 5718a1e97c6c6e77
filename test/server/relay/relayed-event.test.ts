import { describe, expect, it } from 'vitest';
import { textFrame } from '../../../src/server/frames.js';
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
    const event = { frame, except: '123.456', id: 'id-1', isKept: true, isForNodes: false };
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
    expect(publicationOf(event)).toEqual({ ...message, data: 'a'.repeat(length), id: 'id-1' });
  });

  it('leaves out what it need not have', () => {
    const frame = textFrame(JSON.stringify(message));
    expect(decodeEvent(encodeEvent({ frame }))).toEqual({
      frame,
      except: undefined,
      id: undefined,
      isKept: false,
      isForNodes: false,
    });
    expect(encodeEvent({ frame }).length).toBe(frame.length + 2);
  });

  it('leaves out the socket that gets nothing where no socket can have such an id', () => {
    const frame = textFrame(JSON.stringify(message));
    for (const except of ['', `1.${'2'.repeat(300)}`, 'ü'.repeat(200)])
      expect(decodeEvent(encodeEvent({ frame, except }))).toMatchObject({ frame, except: undefined });
    expect(decodeEvent(encodeEvent({ frame, except: 'ü'.repeat(100) }))).toMatchObject({
      frame,
      except: 'ü'.repeat(100),
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
  });
});
