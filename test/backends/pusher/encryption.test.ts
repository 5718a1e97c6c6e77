import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { PusherService } from '../../../src/backends/pusher/index.js';
import { ValidationError } from '../../../src/index.js';
import { badGateway } from '../../providers/faults.js';
import { failureOf } from '../../support/failure-of.js';
import { decrypted, decryptedText, start } from './support/start.js';

const names = Array.from({ length: 12 }, (_, index) => `private-encrypted-${index}`);

describe('encrypted channels', () => {
  test('get the data encrypted with their own key, which their subscribers get', async () => {
    const { provider, push, backend } = await start();
    await push.send({ channels: 'private-encrypted-a', data: { text: '世界' }, notification: { title: 'Hi' } });
    const [event] = provider.received;
    expect(String(event?.data)).not.toContain('世界');
    const { shared_secret: key } = backend.authorizeChannel('1.2', 'private-encrypted-a');
    expect(decrypted(event?.data, key)).toEqual({ text: '世界', notification: { title: 'Hi' } });
  });

  test('get numbers as the setting encode writes them, however long', async () => {
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    const encode = (value: unknown): unknown => (typeof value === 'bigint' ? rawJSON(String(value)) : value);
    const { provider, push, backend } = await start({ encode });
    const channel = 'private-encrypted-a';
    await push.send({ channels: channel, data: { id: 12345678901234567890n, price: 1.5 } });
    const { shared_secret: key } = backend.authorizeChannel('1.2', channel);
    expect(decryptedText(provider.received[0]?.data, key)).toBe('{"id":12345678901234567890,"price":1.5}');
  });

  test('have the key and signature that the pusher package gives them', async () => {
    const { backend } = await start();
    expect(backend.authorizeChannel('1.2', 'private-encrypted-ä'.slice(0, -1))).toEqual(
      backend.api.authorizeChannel('1.2', 'private-encrypted-'),
    );
    expect(backend.authorizeChannel('1.2', 'private-a')).not.toHaveProperty('shared_secret');
  });

  test('share no event with another channel, and ten of them share a request', async () => {
    const { provider, push, backend } = await start();
    const report = await push.send({ channels: [...names, 'a', 'b'], data: { n: 1 } });
    expect(report.accepted).toHaveLength(14);
    expect(provider.server.requests.map(({ path }) => path).sort()).toEqual([
      '/apps/12345/batch_events',
      '/apps/12345/batch_events',
    ]);
    for (const { channel, data } of provider.received.filter((event) => event.channel.startsWith('private-'))) {
      expect(decrypted(data, backend.authorizeChannel('1.2', channel).shared_secret)).toEqual({ n: 1 });
    }
  });

  test('have each batch encrypted in a turn of the event loop of its own, which that takes a while of', async () => {
    const { push, backend } = await start();
    let turn = 0;
    let counting = setImmediate(function count() {
      turn++;
      counting = setImmediate(count);
    });
    onTestFinished(() => clearImmediate(counting));
    const turns: number[] = [];
    const triggerBatch = backend.api.triggerBatch.bind(backend.api);
    vi.spyOn(backend.api, 'triggerBatch').mockImplementation((batch) => {
      turns.push(turn);
      return triggerBatch(batch);
    });
    const channels = Array.from({ length: 60 }, (_, index) => `private-encrypted-${index}`);
    expect((await push.send({ channels, data: 1 })).accepted).toHaveLength(60);
    expect(turns).toHaveLength(6);
    expect(new Set(turns).size).toBe(6);
  });

  test('can be decrypted after an attempt of the batch has failed', async () => {
    const { provider, push, backend } = await start({ retries: 1 });
    provider.server.faults.push(badGateway);
    const messages = names.slice(0, 3).map((channel, n) => ({ channels: channel, data: { n } }));
    const reports = await push.sendMany(messages);
    expect(reports.map(({ attempts }) => attempts)).toEqual([2, 2, 2]);
    const sent = provider.received.slice(3).map(({ channel, data }) => {
      return decrypted(data, backend.authorizeChannel('1.2', channel).shared_secret);
    });
    expect(sent).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  test('are refused without a master key, before anything is sent', async () => {
    const { provider, push, backend } = await start({ options: { encryptionMasterKeyBase64: undefined } });
    const error = await failureOf(ValidationError, push.send({ channels: ['a', 'private-encrypted-a'], data: 1 }));
    expect(error.message).toContain('encryptionMasterKeyBase64');
    await failureOf(ValidationError, () => backend.authorizeChannel('1.2', 'private-encrypted-a'));
    expect(provider.server.requests).toHaveLength(0);
  });

  test('take less data than others, because it is the encrypted event that has a limit', async () => {
    const { provider, push } = await start();
    // 60 bytes of envelope, and 10 180 of base64: 7 635 bytes, of which 16 are the cipher's.
    await push.send({ channels: 'private-encrypted-a', data: 'x'.repeat(7617) });
    expect(Buffer.byteLength(String(provider.received[0]?.data))).toBe(10_240);
    const error = await failureOf(
      ValidationError,
      push.send({ channels: ['a', 'private-encrypted-a'], data: 'x'.repeat(7618) }),
    );
    expect(error.message).toContain('10244 bytes when it is encrypted for "private-encrypted-a"');
    expect(provider.server.requests).toHaveLength(1);
  });

  test('are held to the limit also when users are looked up', async () => {
    const { provider, push } = await start({
      sessions: { channelsFor: async (users: readonly unknown[]) => users.map(() => ['private-encrypted-a']) },
    });
    await failureOf(ValidationError, push.send({ users: 'ann', data: 'x'.repeat(8000) }));
    expect(provider.server.requests).toHaveLength(0);
  });
});

test('authorisations are those of the pusher package', async () => {
  const { backend } = await start();
  expect(backend.authorizeChannel('1.2', 'presence-a', { id: 'ann', info: { name: 'Ann' } })).toEqual(
    backend.api.authorizeChannel('1.2', 'presence-a', { user_id: 'ann', user_info: { name: 'Ann' } }),
  );
  expect(backend.authenticateUser('1.2', { id: 'ann' })).toEqual(backend.api.authenticateUser('1.2', { id: 'ann' }));
  expect(backend).toBeInstanceOf(PusherService);
});
