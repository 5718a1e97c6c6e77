import { expect, it, vi } from 'vitest';
import { PushError, PushService } from '../../src/index.js';
import { resetPushService } from '../../src/testing/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

it('makes the default service as it is in a new process', async () => {
  const backend = new RecordingBackend();
  const heard = vi.fn();
  PushService.configure({ backend });
  PushService.on('messageReceived', heard);
  PushService.authorize('private-a', () => true);
  await PushService.ready();
  await resetPushService();
  expect(backend.calls).toEqual(['open', 'close']);

  vi.stubEnv('NODE_ENV', 'production');
  vi.stubEnv('PUSH_SERVER', '');
  expect((await failureOf(PushError, PushService.send({ channels: 'a', data: 1 }))).message).toMatch(
    /^No push backend is configured/,
  );
  vi.unstubAllEnvs();

  PushService.configure({ backend });
  backend.receive({ channel: 'a', event: 'e', data: 1 });
  expect(heard).not.toHaveBeenCalled();
  vi.stubEnv('NODE_ENV', 'production');
  expect(() => PushService.authorize('private-a', () => true)).not.toThrow();
  vi.unstubAllEnvs();
  await resetPushService();
});

it('forgets everything also when the backend cannot be closed, and ends what was closed before', async () => {
  const backend = new RecordingBackend();
  backend.close = () => Promise.reject(new Error('stuck'));
  PushService.configure({ backend });
  expect((await failureOf(PushError, resetPushService())).message).toBe('The recording backend failed: stuck');

  const next = new RecordingBackend();
  PushService.configure({ backend: next });
  await PushService.close();
  await resetPushService();
  vi.stubEnv('PUSH_SERVER', 'console:');
  expect(PushService.backend.name).toBe('console');
  vi.unstubAllEnvs();
  await resetPushService();
});
