import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { AuthenticationError, TimeoutError } from '../../../src/core/errors.js';
import { DeliveryError } from '../../../src/core/report.js';
import { createPushService } from '../../../src/index.js';
import { fakeChannelsServer, remoteAt, remoteOf, welcomeAs } from '../../server/support/remote.js';
import { record, startServer } from '../../server/support/server.js';
import { failureOf } from '../../support/failure-of.js';

/** Confirms every subscription. */
function confirm(socket: WebSocket, { event, data }: { event: string; data: { channel?: string } }): void {
  if (event !== 'pusher:subscribe') return;
  socket.send(JSON.stringify({ event: 'pusher_internal:subscription_succeeded', channel: data.channel, data: '{}' }));
}

describe('a server that does not answer a subscription', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it.each<[string, (socket: WebSocket) => void]>([
    ['says nothing at all', () => undefined],
    ['takes the connection', (socket) => socket.send(welcomeAs('1.1'))],
  ])('and %s has timed out after 10 s; the connection ends, and it can be tried again', async (_what, welcome) => {
    let isMended = false;
    const asked: string[] = [];
    const { port, server } = await fakeChannelsServer(
      (socket) => (isMended ? socket.send(welcomeAs('1.2')) : welcome(socket)),
      (socket, message) => {
        asked.push(message.event);
        if (isMended) confirm(socket, message);
      },
    );
    const remote = remoteAt(port);
    record(remote);
    const refused = failureOf(TimeoutError, remote.subscribe('a'));
    let isSettled = false;
    void refused.then(() => {
      isSettled = true;
    });
    const [socket] = (await once(server, 'connection')) as [WebSocket];
    await vi.advanceTimersByTimeAsync(9_999);
    expect(isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    const error = await refused;
    expect(error).toMatchObject({ backend: 'remote', retryable: true });
    expect(error.message).toBe('The server did not confirm the subscription to "a" within 10000 ms.');
    if (socket.readyState !== socket.CLOSED) await once(socket, 'close');
    isMended = true;
    await remote.subscribe('a');
    expect(asked.at(-1)).toBe('pusher:subscribe');
  });

  it('does not keep the others from theirs, nor an unsubscription that waits behind it', async () => {
    const left: unknown[] = [];
    const { port } = await fakeChannelsServer(
      (socket) => socket.send(welcomeAs('1.1')),
      (socket, message) => {
        if (message.event === 'pusher:unsubscribe') left.push(message.data.channel);
        if (message.data.channel !== 'mute') confirm(socket, message);
      },
    );
    const push = createPushService({ backend: remoteAt(port) });
    const refused = failureOf(TimeoutError, push.subscribe('mute'));
    const unsubscribed = push.unsubscribe('mute');
    await push.subscribe('a');
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
    await unsubscribed;
    await push.subscribe('b');
    expect(left).toEqual(['mute']);
  });

  it('leaves no timer behind when it has answered', async () => {
    const { port } = await fakeChannelsServer((socket) => socket.send(welcomeAs('1.1')), confirm);
    const remote = remoteAt(port);
    await Promise.all([remote.subscribe('a'), remote.subscribe('b')]);
    await remote.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a server that answers with an error that has no code', () => {
  function erring(message: unknown): Promise<{ port: number }> {
    return fakeChannelsServer(
      (socket) => socket.send(welcomeAs('1.1')),
      (socket, { event }) => {
        if (event === 'pusher:subscribe')
          socket.send(JSON.stringify({ event: 'pusher:error', data: { code: null, message } }));
      },
    );
  }

  it('refuses the one subscription that it can mean, in its own words', async () => {
    const { port } = await erring('Invalid channel name');
    const error = await failureOf(DeliveryError, remoteAt(port).subscribe('a b'));
    expect(error).toMatchObject({ outcome: 'rejected', retryable: false, backend: 'remote' });
    expect(error.message).toBe('The server does not take the subscription to "a b": Invalid channel name');
  });

  it('refuses it also when it says no more, or something odd', async () => {
    for (const odd of [undefined, null, { toString: 1 }, []]) {
      const { port } = await erring(odd);
      const error = await failureOf(DeliveryError, remoteAt(port).subscribe('a'));
      expect(error.message).toBe('The server does not take the subscription to "a": no reason given');
    }
  });

  it('ends no subscription that is confirmed, and is logged', async () => {
    const { port, server } = await fakeChannelsServer((socket) => socket.send(welcomeAs('1.1')), confirm);
    const remote = remoteAt(port);
    const { received, logged } = record(remote);
    await remote.subscribe('a');
    for (const socket of server.clients) {
      socket.send('{"event":"pusher:error","data":{"message":"odd"}}');
      socket.send('{"event":"x","channel":"a","data":"1"}');
    }
    await expect.poll(() => received).toEqual([{ channel: 'a', event: 'x', data: 1 }]);
    expect(logged).toMatchObject([{ level: 'warn', details: { details: { message: 'odd' } } }]);
  });
});

describe('a server that gives no socket id as the protocol has it', () => {
  it.each<[string, string]>([
    ['a word', welcomeAs('abc')],
    ['one that could make a signed text read as another', welcomeAs('1.1:private-b')],
    ['a number', welcomeAs(1.1)],
    ['none', welcomeAs(undefined)],
    ['no data', '{"event":"pusher:connection_established"}'],
  ])('but %s is hung up on, and whoever waits is told', async (_what, welcome) => {
    const { port, server } = await fakeChannelsServer((socket) => socket.send(welcome));
    const error = await failureOf(DeliveryError, remoteAt(port).subscribe('private-a'));
    expect(error).toMatchObject({ outcome: 'rejected', retryable: true });
    expect(error.message).toBe(
      `The server at ws://127.0.0.1:${port} cannot be reached: it gave no socket id of the form 123.456.`,
    );
    await expect.poll(() => server.clients.size).toBe(0);
  });

  it('when the connection is made again is called once more after a while', async () => {
    const { port, server } = await fakeChannelsServer((socket, connection) => {
      socket.send(welcomeAs(connection === 2 ? 'abc' : `1.${connection}`));
    }, confirm);
    const remote = remoteAt(port);
    const { received, logged } = record(remote);
    await remote.subscribe('private-a');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    for (const socket of server.clients) socket.close(4200);
    const subscribed = new Promise<WebSocket>((resolve) => {
      server.on('connection', (socket) =>
        socket.on('message', (data) => void (String(data).includes('"pusher:subscribe"') && resolve(socket))),
      );
    });
    let again: WebSocket | undefined;
    void subscribed.then((socket) => {
      again = socket;
    });
    await vi.waitUntil(() => {
      vi.advanceTimersByTime(500);
      return again !== undefined;
    });
    vi.useRealTimers();
    again?.send('{"event":"x","channel":"private-a","data":"1"}');
    await expect.poll(() => received).toEqual([{ channel: 'private-a', event: 'x', data: 1 }]);
    expect(logged.map(({ details }) => details)).toMatchObject([
      { code: 4200 },
      { code: 1006, reason: 'it gave no socket id of the form 123.456' },
    ]);
  });
});

it('nothing that a server says throws out of the connection', async () => {
  const odd = [
    'null',
    '[]',
    '5',
    '"x"',
    '{',
    '',
    '{"event":5}',
    '{"event":"x","channel":5}',
    '{"event":"pusher:error"}',
    '{"event":"pusher:error","data":"{"}',
    '{"event":"pusher_internal:subscription_succeeded"}',
    '{"event":"pusher:subscription_error","channel":"never"}',
    '{"event":"pusher:ping","data":null}',
    '{"event":"x","channel":"__proto__","data":"{"}',
    '{"event":"","channel":"a"}',
    '['.repeat(100_000),
    welcomeAs('2.2', -1),
    welcomeAs('2.3', 1e300),
    welcomeAs('2.4', 'soon'),
  ];
  const { port, server } = await fakeChannelsServer((socket) => socket.send(welcomeAs('1.1')), confirm);
  const remote = remoteAt(port);
  const { received } = record(remote);
  await remote.subscribe('a');
  for (const socket of server.clients) {
    for (const text of odd) socket.send(text);
    socket.send(Buffer.from([0xff, 0xfe]));
    socket.send('{"event":"last","channel":"a","data":"1"}');
  }
  await expect.poll(() => received.at(-1)?.event).toBe('last');
});

it('a message that cannot be handled ends the connection, not the process, and it is made again', async () => {
  const { port, server } = await fakeChannelsServer((socket) => socket.send(welcomeAs('1.1')), confirm);
  const remote = remoteAt(port);
  const { logged } = record(remote);
  await remote.subscribe('a');
  remote.receive = () => {
    throw new Error('cannot take it');
  };
  for (const socket of server.clients) socket.send('{"event":"x","channel":"a","data":"1"}');
  await once(server, 'connection');
  expect(logged).toMatchObject([
    { level: 'warn', details: { code: 1006, reason: 'a message could not be handled: cannot take it' } },
  ]);
});

describe('after a subscription that was refused', () => {
  it('the connection ends when there is no other', async () => {
    const service = await startServer();
    const wrong = remoteOf(service, { secretKey: 'wrong' });
    await failureOf(AuthenticationError, wrong.subscribe('private-a'));
    await expect.poll(() => service.api.localConnections).toBe(0);
    await wrong.subscribe('public');
    expect(await service.api.channels()).toEqual(['public']);
  });

  it('the connection stays for the others', async () => {
    const service = await startServer();
    const wrong = remoteOf(service, { secretKey: 'wrong' });
    await wrong.subscribe('public');
    await failureOf(AuthenticationError, wrong.subscribe('private-a'));
    await wrong.subscribe('second');
    expect([service.api.localConnections, (await service.api.channels()).toSorted()]).toEqual([
      1,
      ['public', 'second'],
    ]);
  });
});

it('a question that is not answered in time is a TimeoutError', async () => {
  const { port } = await fakeChannelsServer(
    () => undefined,
    () => undefined,
  );
  vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(new DOMException('too late', 'TimeoutError')));
  onTestFinished(() => void vi.restoreAllMocks());
  const error = await failureOf(TimeoutError, remoteAt(port).channelInfo('a'));
  expect(error.message).toBe('The server did not answer within 10000 ms.');
});
