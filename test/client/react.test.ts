import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, it, vi } from 'vitest';
import { PushClient } from '../../src/client/index.js';
import { usePresence, usePushError, usePushEvent, usePushState } from '../../src/client/react.js';

// What the hooks do in a page is tested in a browser: test/e2e/react.test.ts.

function Status({ client }: { readonly client: PushClient | undefined }) {
  usePushEvent(client, 'order.shipped', () => {}, { channel: 'orders' });
  const state = usePushState(client);
  const members = usePresence(client, 'presence-room');
  const error = usePushError(client, 'private-orders');
  return createElement('p', undefined, `${state}, ${members.size} here, ${error}`);
}

it('the hooks render on a server, without a client and with one, to which they do nothing', () => {
  expect(renderToString(createElement(Status, { client: undefined }))).toBe('<p>initialized, 0 here, undefined</p>');
  const client = new PushClient({ backend: 'websocket', channels: [] });
  const channel = vi.spyOn(client, 'channel');
  const subscribe = vi.spyOn(client, 'subscribe');
  expect(renderToString(createElement(Status, { client }))).toBe('<p>initialized, 0 here, undefined</p>');
  expect(subscribe).not.toHaveBeenCalled();
  expect(channel.mock.calls).toEqual([['presence-room'], ['private-orders']]);
});
