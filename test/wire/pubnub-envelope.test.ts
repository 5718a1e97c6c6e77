import { describe, expect, it } from 'vitest';
import { envelopeJson, readEnvelope, repetitionIds } from '../../src/wire/pubnub-envelope.js';
import { RecentIds } from '../../src/wire/recent-ids.js';

describe("PubNub's envelope", () => {
  it('is read as it was written', () => {
    const notification = { title: 'Shipped' };
    const parts = { event: 'order.shipped', id: 'a-1' };
    expect(readEnvelope(JSON.parse(envelopeJson({ ...parts, json: '{"n":1}', notification })), 'message')).toEqual({
      ...parts,
      data: { n: 1 },
      notification,
    });
    expect(readEnvelope(JSON.parse(envelopeJson({ ...parts, json: 'null' })), 'message')).toEqual({
      ...parts,
      data: null,
    });
  });

  it('may lack everything but its event', () => {
    expect(readEnvelope({ event: 'ping' }, 'signal')).toEqual({ event: 'ping', data: null });
  });

  it.each([
    ['a text'],
    [null],
    [['event']],
    [{ data: 1 }],
    [{ event: 1 }],
    [{ event: 'a', id: 1 }],
    [{ event: 'a', notification: null }],
    [{ event: 'a', notification: 'Shipped' }],
    [{ event: 'a', more: 1 }],
    [JSON.parse('{"event":"a","__proto__":1}')],
    [JSON.parse('{"__proto__":{"event":"a"}}')],
  ])('is not around %j, which is the data then', (message) => {
    expect(readEnvelope(message, 'message')).toEqual({ event: 'message', data: message });
  });
});

describe('messages that came in', () => {
  it('are the same by timetoken or id, and only on the same channel', () => {
    const recent = new RecentIds();
    const isNew = (channel: string, timetoken: string, id?: string): boolean =>
      recent.areNew(repetitionIds({ channel, timetoken, event: 'a', data: 1, ...(id !== undefined && { id }) }));
    expect(isNew('a', '1', 'x')).toBe(true);
    expect(isNew('a', '1')).toBe(false);
    expect(isNew('a', '2', 'x')).toBe(false);
    expect(isNew('b', '1', 'x')).toBe(true);
  });
});
