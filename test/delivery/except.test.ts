import { describe, expect, test } from 'vitest';
import {
  type BackendMessageOptions,
  createPushService,
  type RequestLike,
  UnsupportedOperationError,
  ValidationError,
} from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';
import { RecordingLogger } from '../support/recording-logger.js';

/** A backend whose socket ids have a form. */
class StrictBackend extends RecordingBackend {
  override checkMessage({ except, backendOptions }: BackendMessageOptions): void {
    if (except !== undefined && !/^\d+\.\d+$/.test(except)) throw new ValidationError('no socket id');
    if (backendOptions !== undefined) throw new ValidationError('no such option');
  }
}

function requestsWith(header: string): readonly RequestLike[] {
  return [
    new Request('http://localhost/', { headers: { 'X-Socket-ID': header } }),
    { headers: { 'x-socket-id': header } },
  ];
}

describe('a request whose X-Socket-ID is no socket id', () => {
  test.each(['x', '1.2.3', '1.2, 1.2', '1:2', 'x'.repeat(10_000)])('leaves nobody out: %.20s', async (header) => {
    const backend = new StrictBackend();
    const logger = new RecordingLogger();
    const push = createPushService({ backend, logger });
    for (const except of requestsWith(header)) {
      const { status } = await push.send({ channels: 'a', data: 1, except });
      expect(status).toBe('accepted');
    }
    expect(backend.requests.map(({ message }) => message.except)).toEqual([undefined, undefined]);
    const text = 'the X-Socket-ID of a request is no socket id, and is ignored';
    const entry = { level: 'debug', details: { header: header.slice(0, 40) }, text };
    expect(logger.entries).toEqual([entry, entry]);
  });

  test('hides no other mistake', async () => {
    const push = createPushService({ backend: new StrictBackend(), logger: new RecordingLogger() });
    for (const except of requestsWith('x')) {
      const sending = push.send({ channels: 'a', data: 1, except, backendOptions: {} });
      expect((await failureOf(ValidationError, sending)).message).toBe('no such option');
    }
  });

  test('hides no failure of a check that is no ValidationError', async () => {
    const backend = new StrictBackend();
    backend.checkMessage = () => {
      throw new TypeError('the check is broken');
    };
    const push = createPushService({ backend });
    for (const except of requestsWith('x'))
      await expect(push.send({ channels: 'a', data: 1, except })).rejects.toThrow('the check is broken');
  });

  test('is of no consequence to the embedded server', async () => {
    const logger = new RecordingLogger();
    const settings = { backend: 'websocket', appId: '1', pubKey: 'key', secretKey: 'secret', logger } as const;
    await using push = createPushService({ ...settings, options: { port: 0 } });
    for (const except of requestsWith('x'))
      expect((await push.channel('news').trigger('e', 1, { except })).status).toBe('accepted');
    expect(logger.entries.filter(({ level }) => level === 'debug')).toHaveLength(2);
  });
});

test('a request leaves nobody out where the backend cannot, and one warning says so', async () => {
  const backend = new RecordingBackend({ except: false });
  const logger = new RecordingLogger();
  const push = createPushService({ backend, logger });
  for (const except of [...requestsWith('1.2'), ...requestsWith('x')])
    expect((await push.send({ channels: 'a', data: 1, except })).status).toBe('accepted');
  await push.send({ channels: 'a', data: 1, except: new Request('http://localhost/') });
  expect(backend.requests.map(({ message }) => message.except)).toEqual(Array(5).fill(undefined));
  expect(logger.entries).toEqual([
    {
      level: 'warn',
      details: { backend: 'recording' },
      text: 'the recording backend does not support "except": it is ignored, and the sender gets the message too',
    },
  ]);
});

describe('a text', () => {
  test('that is no socket id is refused', async () => {
    const backend = new StrictBackend();
    const sending = createPushService({ backend }).send({ channels: 'a', data: 1, except: 'x' });
    expect((await failureOf(ValidationError, sending)).message).toBe('no socket id');
    expect(backend.requests).toEqual([]);
  });

  test('is refused where the backend leaves nobody out', async () => {
    const backend = new RecordingBackend({ except: false });
    await failureOf(
      UnsupportedOperationError,
      createPushService({ backend }).send({ channels: 'a', data: 1, except: '1.2' }),
    );
    expect(backend.requests).toEqual([]);
  });
});
