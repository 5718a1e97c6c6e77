import { Client } from 'onesignal-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeliveryError, ValidationError } from '../../../src/index.js';
import { answering } from '../../providers/faults.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { type Started, start } from './support/start.js';

/** The package by itself, at the same server. */
function bare({ provider: { settings } }: Started): Client {
  return new Client(settings.appId, settings.secretKey, settings.options);
}

// Should one of these begin to fail, the SDK has changed, and what guards against it may go.
describe('what the SDK does by itself, this backend does not:', () => {
  it('sends a new key as Basic', async () => {
    const started = await start(onTestFinished);
    const { push, provider } = started;
    await expect(bare(started).viewNotifications()).rejects.toMatchObject({ statusCode: 403 });
    expect(provider.server.requests[0]?.headers.authorization).toMatch(/^Basic os_v2_/);
    expect(await push.send({ users: 'ann', data: 1 })).toMatchObject({ status: 'accepted' });
  });

  it('resolves with the key', async () => {
    const started = await start(onTestFinished, { provider: { key: 'legacy' } });
    const { push, service, provider } = started;
    const [key = ''] = provider.secrets;
    const { info } = await push.send({ users: 'ann', data: 1 });
    const id = String(info['ann']?.['notificationId']);
    expect(everythingShown(await bare(started).viewNotification(id))).toContain(key);
    expect(everythingShown(await service.viewNotification(id))).not.toContain(key);
  });

  it('takes an answer that says that nobody got it as a success', async () => {
    const started = await start(onTestFinished);
    started.provider.server.always = answering({
      body: { id: '', errors: ['All included players are not subscribed'] },
    });
    await expect(bare(started).createNotification({})).resolves.toMatchObject({ statusCode: 200 });
    await failureOf(DeliveryError, started.push.send({ users: 'ann', data: 1 }));
  });

  it('puts an id into the path as it is', async () => {
    const started = await start(onTestFinished);
    const { service, provider } = started;
    await expect(bare(started).cancelNotification('../apps/1?x=')).rejects.toMatchObject({ statusCode: 403 });
    expect(provider.server.requests.map(({ path }) => path)).toEqual(['/apps/1']);
    await failureOf(ValidationError, service.cancel('../apps/1?x='));
    expect(provider.server.requests).toHaveLength(1);
  });

  it('lets a message choose its application', async () => {
    const started = await start(onTestFinished, { provider: { key: 'legacy' } });
    const { push, provider } = started;
    await expect(bare(started).createNotification({ app_id: 'another' } as object)).rejects.toMatchObject({
      message: expect.stringContaining('app_id not found'),
    });
    const backendOptions = { body: { app_id: 'another' } };
    await failureOf(ValidationError, push.send({ users: 'ann', data: { app_id: 'another' }, backendOptions }));
    expect(provider.server.requests).toHaveLength(1);
  });

  it('sends a cycle as text', async () => {
    const started = await start(onTestFinished);
    const { push, requests } = started;
    const data: Record<string, unknown> = {};
    data['self'] = data;
    await expect(bare(started).createNotification({ data })).rejects.toMatchObject({ statusCode: 403 });
    expect(requests()).toMatchObject([{ data: { self: '[Circular ~.data]' } }]);
    const failure = await failureOf(ValidationError, push.send({ users: 'ann', data }));
    expect(failure.message).toContain('self');
    expect(requests()).toHaveLength(1);
  });
});
