import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type BodyRules, bytesOf, readNodeStream, readWebStream } from '../../src/web/body.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Rules that write down which errors are made. */
function recordingRules(): { rules: BodyRules; made: string[] } {
  const made: string[] = [];
  const error = (name: string): Error => {
    made.push(name);
    return new Error(name);
  };
  const rules: BodyRules = {
    maxBytes: 8,
    timeoutMs: 1000,
    tooLarge: () => error('too large'),
    tooLate: () => error('too late'),
    broken: () => error('broken'),
  };
  return { rules, made };
}

describe('of a stream of Node', () => {
  it.each([
    ['in one piece', ['whole']],
    ['in several pieces', ['wh', '', 'o', 'le']],
    ['without content', []],
  ])('a body %s is read, and no error is made when the stream closes afterwards', async (_what, pieces) => {
    const { rules, made } = recordingRules();
    const stream = new EventEmitter();
    const body = readNodeStream(stream, rules);
    for (const piece of pieces) stream.emit('data', Buffer.from(piece));
    stream.emit('end');
    stream.emit('close');
    stream.emit('error', new Error('reset'));
    expect((await body).toString()).toBe(pieces.join(''));
    expect([made, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it.each<[string, string, (stream: EventEmitter) => void]>([
    ['is too large', 'too large', (stream) => stream.emit('data', Buffer.alloc(9))],
    ['is too late', 'too late', () => vi.advanceTimersByTime(1000)],
    ['breaks off with an error', 'broken', (stream) => stream.emit('error', new Error('reset'))],
    ['breaks off without one', 'broken', (stream) => stream.emit('close')],
  ])('a body that %s is refused for this reason alone, whatever follows', async (_what, reason, spoil) => {
    const { rules, made } = recordingRules();
    const stream = new EventEmitter();
    const failed = expect(readNodeStream(stream, rules)).rejects.toThrow(reason);
    stream.emit('data', Buffer.from('x'));
    spoil(stream);
    stream.emit('data', Buffer.alloc(9));
    vi.advanceTimersByTime(1000);
    stream.emit('error', new Error('reset'));
    stream.emit('end');
    stream.emit('close');
    await failed;
    expect([made, vi.getTimerCount()]).toEqual([[reason], 0]);
  });

  it('a body of one piece is not copied', async () => {
    const stream = new EventEmitter();
    const body = readNodeStream(stream, recordingRules().rules);
    const piece = Buffer.from('whole');
    stream.emit('data', piece);
    stream.emit('end');
    expect(await body).toBe(piece);
  });
});

it('of a web stream, a body of plain bytes is read as a Buffer', async () => {
  for (const pieces of [['whole'], ['wh', 'ole'], []]) {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    });
    const body = await readWebStream(stream, recordingRules().rules);
    expect([Buffer.isBuffer(body), body.toString()]).toEqual([true, pieces.join('')]);
  }
});

it('bytes are seen through whatever view they come in, and a value without bytes has none', () => {
  const bytes = new TextEncoder().encode('[text]');
  const part = bytes.subarray(1, 5);
  for (const value of ['text', part, new DataView(bytes.buffer, 1, 4), part.slice().buffer, Buffer.from('text')])
    expect(bytesOf(value)?.toString()).toBe('text');
  for (const value of [undefined, null, 5, {}, ['text']]) expect(bytesOf(value)).toBeUndefined();
});
