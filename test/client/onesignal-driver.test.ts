import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { PushClient } from '../../src/client/index.js';
import { createPushService } from '../../src/index.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import { startAuthServer } from './auth-server.js';
import { type Observed, observed } from './observed.js';
import { OneSignalStandIn } from './onesignal-stand-in.js';

const appId = 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba';

let sdk: OneSignalStandIn;

beforeEach(() => {
  vi.stubGlobal('OneSignalDeferred', undefined);
  sdk = new OneSignalStandIn();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function open(config: object = {}, options: object = {}): Observed {
  return observed(new PushClient({ backend: 'onesignal', appId, channels: ['ann'], ...config }, options));
}

const additionalData = { event: 'order.shipped', id: 'id-1', data: { orderId: 42 } };
const notification = { notificationId: 'n-1', title: 'Shipped', body: 'Order 42', launchURL: 'https://example.com/42' };

describe('the driver for OneSignal', () => {
  it('starts the SDK once it has loaded, and logs the user of the configuration in', async () => {
    const { states, subscribed, errors } = open({}, { oneSignal: { allowLocalhostAsSecureOrigin: true } });
    expect(states).toEqual(['connecting']);
    sdk.load();
    await expect.poll(() => subscribed).toEqual(['ann']);
    expect(sdk.calls).toEqual([
      ['init', { allowLocalhostAsSecureOrigin: true, appId }],
      ['login', 'ann', undefined],
    ]);
    expect([states, errors]).toEqual([['connecting', 'connected'], []]);
  });

  it('hands on what the application sends, once, whether it is displayed, clicked or both', async () => {
    const { heard, subscribed } = open();
    sdk.load();
    await expect.poll(() => subscribed).toHaveLength(1);
    sdk.emit('foregroundWillDisplay', { ...notification, additionalData });
    sdk.emit('click', { ...notification, additionalData });
    sdk.emit('click', { body: 'No title', additionalData: { ...additionalData, id: 'id-2', data: null } });
    expect(heard).toEqual([
      {
        channel: 'ann',
        ...additionalData,
        notification: { title: 'Shipped', body: 'Order 42', url: 'https://example.com/42' },
      },
      { channel: 'ann', ...additionalData, id: 'id-2', data: null },
    ]);
  });

  it('understands the data that the backend sends', async () => {
    const provider = await startOneSignalProvider();
    onTestFinished(() => provider.close());
    await using push = createPushService(provider.settings);
    const { id } = await push.send({ event: 'order.shipped', channels: 'ann', data: { orderId: 42 } });
    const { data } = JSON.parse(provider.server.requests.at(-1)?.body ?? '{}') as { data: unknown };
    const { heard, subscribed } = open(await push.clientConfig({ user: 'ann' }));
    sdk.load();
    await expect.poll(() => subscribed).toHaveLength(1);
    sdk.emit('foregroundWillDisplay', { additionalData: data });
    expect(heard).toEqual([{ channel: 'ann', event: 'order.shipped', data: { orderId: 42 }, id }]);
  });

  it('takes what others send as an event "message" with the notification’s data', async () => {
    const { heard, subscribed } = open();
    sdk.load();
    await expect.poll(() => subscribed).toHaveLength(1);
    sdk.emit('click', { ...notification, additionalData: { campaign: 7 } });
    sdk.emit('click', { title: 'From the dashboard' });
    expect(heard.map(({ event, data, id }) => [event, data, id])).toEqual([
      ['message', { campaign: 7 }, 'n-1'],
      ['message', null, undefined],
    ]);
  });

  it('starts the SDK once for several clients, and not where the page does', async () => {
    sdk.load();
    const clients = [open(), open(), open({}, { oneSignal: false })];
    for (const { subscribed } of clients) await expect.poll(() => subscribed).toEqual(['ann']);
    expect(sdk.calls.filter(([name]) => name === 'init')).toHaveLength(1);
  });

  it('logs in with the token and the id that the application gives', async () => {
    const application = await startAuthServer(() => ({ auth: 'a.jwt', user_data: '{"id":"ann-7"}' }));
    const { subscribed } = open({ userAuthEndpoint: `${application.origin}/push/user-auth` });
    sdk.load();
    await expect.poll(() => subscribed).toEqual(['ann']);
    expect(sdk.calls.at(-1)).toEqual(['login', 'ann-7', 'a.jwt']);
    expect(application.requests[0]?.form.toString()).toBe('');
  });

  it('logs in by the user id where the channel has another name, and nobody where channels are no users', async () => {
    sdk.load();
    const named = open({ userId: '7', channels: ['user-7'] });
    await expect.poll(() => named.subscribed).toEqual(['user-7']);
    expect(sdk.calls.at(-1)).toEqual(['login', '7', undefined]);
    const before = sdk.calls.length;
    const segments = open({ channels: ['Subscribed Users'], usesExternalId: false });
    await expect.poll(() => segments.subscribed).toEqual(['Subscribed Users']);
    const anonymous = open({ channels: [] });
    await expect.poll(() => anonymous.client.state).toBe('connected');
    expect(sdk.calls).toHaveLength(before);
  });

  it('says that the application or OneSignal refuses the user, and goes on with what is sent to all', async () => {
    const application = await startAuthServer(() => ({ status: 401, error: 'Who are you?' }));
    const first = open({ userAuthEndpoint: application.origin });
    sdk.load();
    await expect.poll(() => first.client.state).toBe('connected');
    expect(first.errors).toMatchObject([
      { code: 'SIGN_IN', status: 401, message: "The user's sign-in was refused: Who are you?" },
    ]);
    expect(first.subscribed).toEqual([]);
    sdk.loginFailure = new Error('invalid token');
    const second = open();
    const message = "The user's sign-in was refused: invalid token";
    await expect.poll(() => second.errors).toMatchObject([{ code: 'SIGN_IN', message, cause: sdk.loginFailure }]);
  });

  it('asks for the token again when the application fails for now', async () => {
    const answers: unknown[] = [503, 'reset', { auth: 'a.jwt', user_data: '{"id":"ann"}' }];
    const application = await startAuthServer(() => answers.shift());
    const { states, errors, subscribed } = open({ userAuthEndpoint: application.origin });
    sdk.load();
    await expect.poll(() => subscribed, { timeout: 5_000 }).toEqual(['ann']);
    expect(sdk.calls.at(-1)).toEqual(['login', 'ann', 'a.jwt']);
    expect(errors).toMatchObject([{ code: 'SIGN_IN', status: 503, isTemporary: true }]);
    expect(states).toEqual(['connecting', 'connected']);
  });

  it('does not ask again for a token when a listener gives up', async () => {
    const application = await startAuthServer(() => 503);
    const { client, errors } = open({ userAuthEndpoint: `${application.origin}/first` });
    client.onError(() => client.disconnect());
    sdk.load();
    await expect.poll(() => errors).toHaveLength(1);
    open({ userAuthEndpoint: `${application.origin}/second` });
    // Two waits of the second take longer than the one that the first would have.
    const requests = (path: string): unknown[] => application.requests.filter((request) => request.path === path);
    await expect.poll(() => requests('/second').length, { timeout: 5_000 }).toBeGreaterThan(2);
    expect(requests('/first')).toHaveLength(1);
  });

  it('says that the SDK does not start', async () => {
    sdk.initFailure = new Error('App not configured for web push');
    const { states, errors } = open();
    sdk.load();
    await expect.poll(() => states).toEqual(['connecting', 'failed']);
    expect(errors).toMatchObject([{ code: 'CONNECTION', cause: sdk.initFailure }]);
  });

  it('says after 10 seconds that the SDK is not there, and goes on when it comes after all', async () => {
    vi.useFakeTimers();
    const { states, errors, subscribed } = open();
    vi.advanceTimersByTime(9_999);
    expect(errors).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(errors).toMatchObject([{ code: 'CONNECTION', message: expect.stringMatching(/SDK has not loaded/) }]);
    vi.useRealTimers();
    sdk.load();
    await expect.poll(() => subscribed).toEqual(['ann']);
    expect(states).toEqual(['connecting', 'unavailable', 'connected']);
  });

  it('stays disconnected when a listener gives up at what it is told', async () => {
    sdk.initFailure = new Error('App not configured for web push');
    const failing = open();
    failing.client.onError(() => failing.client.disconnect());
    sdk.load();
    await expect.poll(() => failing.errors).toHaveLength(1);
    expect(failing.client.state).toBe('disconnected');
    const connecting = open({}, { oneSignal: false });
    connecting.client.onStateChange(() => connecting.client.disconnect());
    await expect.poll(() => connecting.states).toEqual(['connecting', 'connected', 'disconnected']);
    expect(connecting.subscribed).toEqual([]);
    expect(connecting.client.channel('ann').isSubscribed).toBe(false);
  });

  it('hears nothing after disconnect(), stays logged in, and listens once after connect()', async () => {
    const { client, heard, subscribed } = open();
    client.connect();
    sdk.load();
    await expect.poll(() => subscribed).toHaveLength(1);
    client.disconnect();
    sdk.emit('click', { additionalData });
    expect(heard).toEqual([]);
    client.connect();
    await expect.poll(() => subscribed).toEqual(['ann', 'ann again']);
    sdk.emit('click', { additionalData });
    expect(heard).toHaveLength(1);
    expect(sdk.calls.map(([name]) => name)).toEqual(['init', 'login', 'login']);
  });

  it('does not start when it was disconnected before the SDK loaded', async () => {
    const { client } = open();
    client.disconnect();
    sdk.load();
    await Promise.resolve();
    expect(sdk.calls).toEqual([]);
  });

  it('logs nobody in when it was disconnected while the application was asked, as when the user logs out', async () => {
    const answer = Promise.withResolvers<object>();
    const application = await startAuthServer(() => answer.promise);
    const { client, errors } = open({ userAuthEndpoint: application.origin });
    sdk.load();
    await expect.poll(() => application.requests).toHaveLength(1);
    client.disconnect();
    answer.resolve({ auth: 'a.jwt', user_data: '{"id":"ann"}' });
    const next = open({ userAuthEndpoint: application.origin });
    await expect.poll(() => next.subscribed).toEqual(['ann']);
    expect(sdk.calls.filter(([name]) => name === 'login')).toHaveLength(1);
    expect(errors).toEqual([]);
  });

  it('refuses other channels than the user’s', async () => {
    const { client, errors } = open();
    client.subscribe('ann');
    client.subscribe('orders');
    expect(errors).toMatchObject([
      { code: 'SUBSCRIPTION', channel: 'orders', message: expect.stringMatching(/no channels to subscribe to/) },
    ]);
    client.unsubscribe('orders');
  });

  it('names the missing app id', () => {
    const client = new PushClient({ backend: 'onesignal', channels: [] });
    expect(() => client.connect()).toThrow(/needs "appId"/);
  });
});
