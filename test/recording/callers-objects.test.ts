import { expect, it } from 'vitest';
import { recordedService } from './recorded-service.js';

it('what the caller changes after the call of send() changes nothing of the message', async () => {
  await using recorded = recordedService();
  const { push } = recorded;
  const data = { n: 1 };
  const extraData = { n: 1 };
  const options = { event: 'e', channels: ['a'], data, extraData, tag: 'one', delay: '1h' as string | undefined };
  const first = push.send(options as never);
  data.n = 2;
  extraData.n = 2;
  options.channels.push('b');
  options.tag = 'two';
  options.delay = undefined;
  const { id, status } = await first;
  expect(status).toBe('waiting');
  expect(await push.messages.get(id)).toMatchObject({
    data: { n: 1 },
    extraData: { n: 1 },
    tag: 'one',
    recipients: { channels: ['a'] },
  });
});
