import { once } from 'node:events';
import { expect } from 'vitest';
import { behaviour, departure, type Source } from './documents.js';
import { connect, open, serverWith, sharedServer } from './support/server.js';

const server = sharedServer();
const section: Source = ['protocol', 'Ping and pong messages'];
/** Times that are short enough to be waited for. */
const short = { activityTimeoutSeconds: 0.1, pongTimeoutSeconds: 0.1 };

behaviour('pusher:ping is answered with pusher:pong, whose data is empty', section, async () => {
  const client = await connect(server());
  client.send('pusher:ping', {});
  expect(await client.next('pusher:pong')).toEqual({ event: 'pusher:pong', data: '{}' });
});

behaviour('a ping frame of the WebSocket is answered with a pong frame', section, async () => {
  const { socket } = await connect(server());
  socket.ping('abc');
  const [data] = await once(socket, 'pong');
  expect(String(data)).toBe('abc');
});

behaviour('a silent client gets a ping frame, and stays as long as it answers it', section, async () => {
  const client = await connect(await serverWith(short), { query: '?protocol=7&client=java-client' });
  for (let answers = 0; answers < 3; answers++) await once(client.socket, 'ping');
  expect(client.socket.readyState).toBe(client.socket.OPEN);
});

departure(
  'beside it comes pusher:ping, in every protocol',
  section,
  'It says so for old drafts of the WebSocket; a browser answers ping frames for a frozen page, too.',
  async () => {
    const client = await connect(await serverWith(short), { autoPong: false });
    for (let answers = 0; answers < 3; answers++) {
      expect(await client.next('pusher:ping')).toEqual({ event: 'pusher:ping', data: '{}' });
      client.send('pusher:pong', {});
    }
    await client.settled();
  },
);

behaviour('4201: Pong reply not received', ['protocol', 'Error Codes'], async () => {
  const client = await connect(await serverWith(short), { autoPong: false });
  await client.next('pusher:ping');
  expect(await client.closed).toMatchObject({ code: 4201 });
});

departure(
  'who answers ping frames alone, after it has answered pusher:ping, is closed with 4201',
  section,
  'A pong frame is enough, it says; a page that is frozen would stay a member for good.',
  async () => {
    const client = await connect(await serverWith(short));
    await client.next('pusher:ping');
    client.send('pusher:pong', {});
    expect(await client.closed).toMatchObject({ code: 4201 });
  },
);

behaviour(
  'the activity time-out in the first message is the one after which the server pings',
  ['protocol', 'Recommendations for client libraries'],
  async () => {
    const client = open(await serverWith({ activityTimeoutSeconds: 77 }));
    expect(client.dataOf(await client.next('pusher:connection_established'))).toMatchObject({ activity_timeout: 77 });
  },
);
