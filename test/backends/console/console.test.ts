import { afterEach, describe, expect, test, vi } from 'vitest';
import { ConsoleService } from '../../../src/backends/console/index.js';
import { createPushService, type IncomingMessage } from '../../../src/index.js';

const lines: string[] = [];
const stream = { write: (text: string) => lines.push(text) };

afterEach(() => {
  lines.length = 0;
  vi.restoreAllMocks();
});

describe('the console backend', () => {
  test('prints one readable line for each channel', async () => {
    const push = createPushService({ backend: 'console', options: { stream } });
    await push.send({ event: 'order.shipped', channels: ['a', 'b'], data: { id: 1, note: 'one\ntwo' } });
    await push.send({ channels: 'a', data: null, notification: { title: 'Hi' }, except: '1.2' });
    expect(lines).toEqual([
      '[push] a  order.shipped  {"id":1,"note":"one\\ntwo"}\n',
      '[push] b  order.shipped  {"id":1,"note":"one\\ntwo"}\n',
      '[push] a  push-event  null  notification {"title":"Hi"}  except "1.2"\n',
    ]);
  });

  test('prints JSON lines on request', async () => {
    const push = createPushService({ backend: 'console', options: { stream, format: 'json' } });
    const plain = await push.send({ channels: 'a', data: [1] });
    const full = await push.send({
      event: 'e',
      channels: 'b',
      data: { x: 1 },
      notification: { title: 'Hi' },
      except: '1.2',
      backendOptions: { ttl: 5 },
    });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { channel: 'a', event: 'push-event', data: [1], id: plain.id },
      {
        channel: 'b',
        event: 'e',
        data: { x: 1 },
        id: full.id,
        notification: { title: 'Hi' },
        except: '1.2',
        backendOptions: { ttl: 5 },
      },
    ]);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  });

  test('prints to the standard output by default, which is its api', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const backend = new ConsoleService();
    expect(backend.api).toBe(process.stdout);
    await createPushService({ backend }).send({ channels: 'a', data: 1 });
    expect(write).toHaveBeenCalledExactlyOnceWith('[push] a  push-event  1\n');
  });

  test('hands what it prints to subscribers, with id and notification, until it is closed', async () => {
    const received: IncomingMessage[] = [];
    const push = createPushService({ backend: 'console', options: { stream } });
    const { backend } = push;
    push.on('messageReceived', (message) => received.push(message));
    await push.subscribe('a');
    const { id } = await push.send({ event: 'e', channels: ['a', 'b'], data: { x: 1 }, notification: { title: 'Hi' } });
    expect(received).toEqual([{ channel: 'a', event: 'e', data: { x: 1 }, id, notification: { title: 'Hi' } }]);
    await push.close();
    push.configure({ backend });
    await push.send({ channels: 'a', data: 2 });
    expect(received).toHaveLength(1);
  });

  test('reports a stream that cannot be written to', async () => {
    const broken = {
      write: () => {
        throw new Error('disk full');
      },
    };
    const push = createPushService({ backend: 'console', options: { stream: broken } });
    await expect(push.send({ channels: 'a', data: 1 })).rejects.toThrow('The console backend failed: disk full');
  });
});
