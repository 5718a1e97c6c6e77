import fc from 'fast-check';
import { expect, it } from 'vitest';
import { channelEvent, memberAdded, protocolError, subscriptionError } from '../../src/pusher-protocol/messages.js';
import { parseData, parseMessage } from '../../src/pusher-protocol/parse-message.js';

it('any event is read back as it was written, with its data still a text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.json(),
      fc.option(fc.string(), { nil: undefined }),
      (event, channel, data, userId) => {
        const read = parseMessage(channelEvent(channel, event, JSON.stringify(data), userId));
        expect(read).toEqual({ event, channel, data, ...(userId !== undefined && { user_id: userId }) });
      },
    ),
  );
});

it('data of the server is JSON within JSON, but for errors', () => {
  expect(JSON.parse(memberAdded('presence-a', { id: '1', info: '{"name":"Ann"}' })).data).toBe(
    '{"user_id":"1","user_info":{"name":"Ann"}}',
  );
  expect(JSON.parse(protocolError('no', 4001)).data).toEqual({ code: 4001, message: 'no' });
  expect(JSON.parse(subscriptionError('a', 'no', 'AuthError', 401)).data).toEqual({
    type: 'AuthError',
    error: 'no',
    status: 401,
  });
});

it('whatever text comes, reading it ends in a message or in words', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      const read = parseMessage(text);
      expect(typeof read === 'string' ? read.length : typeof read.event).toBeTruthy();
    }),
  );
});

it('data that is no JSON is taken as it is', () => {
  expect([parseData('{"a":1}'), parseData('text'), parseData({ a: 1 }), parseData(undefined)]).toEqual([
    { a: 1 },
    'text',
    { a: 1 },
    undefined,
  ]);
});
