import { describe, expect, test } from 'vitest';
import { createPushService, PushError, type PushService, ValidationError } from '../../src/index.js';
import { failureOf } from '../support/failure-of.js';
import { RecordingBackend } from '../support/recording-backend.js';

function start(): { push: PushService; backend: RecordingBackend } {
  const backend = new RecordingBackend({}, { secretKey: 'open-sesame' });
  return { push: createPushService({ backend, retries: 0 }), backend };
}

describe('a channel handle', () => {
  test('costs nothing until it is used', async () => {
    const { push, backend } = start();
    expect(push.channel('orders').name).toBe('orders');
    await push.ready();
    expect(backend.calls).toEqual(['open']);
  });

  test('hands questions to the backend when it is open', async () => {
    const { push, backend } = start();
    backend.channelInfo = async (channel) => {
      backend.calls.push(`info ${channel}`);
      return { occupied: true, subscriptionCount: 2 };
    };
    backend.channelUsers = async () => ['ann', 'zoe'];
    backend.authorizeChannel = (socketId, channel, member) => ({ auth: `${socketId} ${channel} ${member?.id}` });
    const channel = push.channel('presence-room');
    expect(await channel.info()).toEqual({ occupied: true, subscriptionCount: 2 });
    expect(await channel.users()).toEqual(['ann', 'zoe']);
    expect(await channel.authorize('1.1', { id: 'ann' })).toEqual({ auth: '1.1 presence-room ann' });
    expect(backend.calls).toEqual(['open', 'info presence-room']);
  });

  test('throws a PushError when the backend fails, without secrets', async () => {
    const { push, backend } = start();
    backend.channelInfo = () => Promise.reject(new Error('refused open-sesame'));
    backend.channelUsers = () => Promise.reject(new Error('refused open-sesame'));
    for (const call of [() => push.channel('a').info(), () => push.channel('a').users()]) {
      expect((await failureOf(PushError, call)).message).toBe('The recording backend failed: refused [secret]');
    }
  });

  test('with a wrong name refuses to send', async () => {
    const { push, backend } = start();
    await failureOf(ValidationError, push.channel('').trigger('e', 1));
    expect(backend.requests).toEqual([]);
  });

  test('goes on with the service that is configured anew', async () => {
    const { push, backend } = start();
    const channel = push.channel('orders');
    const next = new RecordingBackend();
    push.configure({ backend: next });
    await channel.trigger('e', 1);
    expect([backend.sent, next.sent]).toEqual([[], [['orders']]]);
  });
});
