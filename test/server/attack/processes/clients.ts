import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';

// Clients in a process of their own, each a member of a presence channel. It tells when all are.

const [port, key, secret = '', channel, count] = process.argv.slice(2);

async function join(userId: string): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/app/${key}?protocol=7`);
  const next = async (event: string): Promise<{ data: string }> => {
    for (;;) {
      const text = await new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
      const message = JSON.parse(text) as { event: string; data: string };
      if (message.event === event) return message;
    }
  };
  const { data } = await next('pusher:connection_established');
  const { socket_id: socketId } = JSON.parse(data) as { socket_id: string };
  const channelData = JSON.stringify({ user_id: userId });
  const signature = createHmac('sha256', secret).update(`${socketId}:${channel}:${channelData}`).digest('hex');
  const subscription = { channel, auth: `${key}:${signature}`, channel_data: channelData };
  socket.send(JSON.stringify({ event: 'pusher:subscribe', data: subscription }));
  await next('pusher_internal:subscription_succeeded');
}

for (let index = 0; index < Number(count); index++) await join(`user-${index}`);
process.send?.('all are members');
process.on('disconnect', () => process.exit());
