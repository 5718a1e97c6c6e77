import { randomUUID } from 'node:crypto';
import { createPushService, type IncomingMessage } from 'pushrail';
import type { PusherService } from 'pushrail/backends/pusher';
import { type LiveCheck, within } from './check.ts';

export const pusher: LiveCheck = {
  provider: 'Pusher',
  needs: ['PUSHER_URL'],
  takes: {},
  async *run({ PUSHER_URL = '' }) {
    const push = createPushService(PUSHER_URL);
    try {
      const channel = `pushrail-live-${randomUUID()}`;
      const others = [1, 2, 3].map((number) => `${channel}-${number}`);
      const { accepted } = await push.send({ channels: [channel, ...others], event: 'live-check', data: { n: 0 } });
      yield `sent one message to ${accepted.length} channels in one request`;

      const reports = await push.sendMany(
        others.map((name, n) => ({ channels: name, event: 'live-check', data: { n } })),
      );
      yield `sent ${reports.filter(({ status }) => status === 'accepted').length} different messages with sendMany`;

      const { info } = await push.send({
        channels: channel,
        event: 'live-check',
        data: null,
        backendOptions: { info: 'subscription_count' },
      });
      yield `was told of the channel in the report: ${JSON.stringify(info[channel] ?? {})}`;

      const names = Object.keys(await (push.backend as PusherService).channels());
      yield `listed the channels that are in use: ${names.length}`;

      const received = new Promise<IncomingMessage>((resolve) => push.once('messageReceived', resolve));
      await push.subscribe(channel);
      yield 'subscribed to a public channel';
      const { occupied } = await push.channel(channel).info();
      if (!occupied) throw new Error('the channel that is subscribed to counts as empty');
      yield 'saw the channel occupied';
      const data = { sentAt: Date.now() };
      await push.send({ channels: channel, event: 'live-check', data });
      const message = await within('a message on its way back', received);
      if (JSON.stringify(message.data) !== JSON.stringify(data)) throw new Error('the message came back changed');
      yield 'received what was sent';
    } finally {
      await push.close();
    }
  },
};
