import { describe, expect, it } from 'vitest';
import { interceptRequests, laterTimetoken, refusedNames } from '../../src/wire/pubnub-sdk.js';

describe('requests of the SDK', () => {
  it('go through the function that was put in front of them', async () => {
    const sent: string[] = [];
    const response = { status: 200 };
    const transport = {
      makeSendable({ path }: { path: string }) {
        sent.push(path);
        return [Promise.resolve(response), undefined];
      },
    };
    const seen: string[] = [];
    const isIntercepted = interceptRequests({ transport }, (request, makeSendable) => {
      seen.push(request.path);
      return makeSendable(request);
    });
    expect(isIntercepted).toBe(true);
    const [answer] = transport.makeSendable({ path: '/v2/subscribe/sub/orders' });
    expect(await answer).toBe(response);
    expect([seen, sent]).toEqual([['/v2/subscribe/sub/orders'], ['/v2/subscribe/sub/orders']]);
  });

  it.each([[{}], [{ transport: null }], [{ transport: {} }], [{ transport: { makeSendable: 1 } }]])(
    'cannot be followed with an SDK that is built in another way: %j',
    (client) => {
      const before = JSON.stringify(client);
      expect(interceptRequests(client, (request, makeSendable) => makeSendable(request))).toBe(false);
      expect(JSON.stringify(client)).toBe(before);
    },
  );
});

describe('the names that an answer of 403 refuses', () => {
  it('are its channels and channel groups', () => {
    const answer = { message: 'Forbidden', payload: { channels: ['orders', 1], 'channel-groups': ['staff'] } };
    expect(refusedNames(answer, 'channels')).toEqual(['orders']);
    expect(refusedNames(answer, 'channel-groups')).toEqual(['staff']);
  });

  it.each([[undefined], ['Forbidden'], [{}], [{ payload: null }], [{ payload: { channels: 'orders' } }]])(
    'are none in %j',
    (answer) => {
      expect(refusedNames(answer, 'channels')).toEqual([]);
    },
  );
});

describe('the later of two timetokens', () => {
  it.each([
    [undefined, undefined, undefined],
    [undefined, '0', undefined],
    [undefined, 17_000_000, '17000000'],
    ['17000000000000001', '17000000000000002', '17000000000000002'],
    ['17000000000000002', '17000000000000001', '17000000000000002'],
    ['9', '10', '10'],
    ['10', '9', '10'],
    ['10', '', '10'],
  ])('of %j and %j is %j', (one, other, later) => {
    expect(laterTimetoken(one, other)).toBe(later);
  });
});
