import { describe, expect, it, onTestFinished } from 'vitest';
import { OneSignalService } from '../../../src/backends/onesignal/index.js';
import { ConfigurationError, createPushService, UnsupportedOperationError } from '../../../src/index.js';
import { everythingShown } from '../../support/everything-shown.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

const credentials = { appId: 'b2f7f966-d8cc-41e4-bed1-df8f05be55ba', secretKey: 'os_v2_app_secret' };

describe('the settings', () => {
  it.each<[object, string]>([
    [{ secretKey: undefined }, 'The onesignal backend needs "secretKey"'],
    [{ appId: 'a&b=c' }, 'The onesignal backend: "appId" must be the UUID that the dashboard shows.'],
    [{ secretKey: 'os_v2_app_secret\n' }, '"secretKey" has characters that are in no REST API key.'],
    [{ useSsl: false }, '"useSsl" is false, but "apiRoot" begins with https:.'],
    [
      { options: { apiRoot: 'http://api.onesignal.com' } },
      '"apiRoot" begins with http:, so the key would be sent in the clear.',
    ],
    [{ options: { apiRoot: 'api.onesignal.com' } }, '"apiRoot" must be an address such as "https://api.onesignal.com"'],
    [{ options: { apiRoot: 'https://u:pw@api.onesignal.com' } }, '"apiRoot" must be an address'],
    [{ options: { apiRoot: 'ftp://api.onesignal.com' } }, '"apiRoot" must be an address'],
    [{ options: { apirot: '' } }, 'unknown key "apirot" (did you mean "apiRoot"?)'],
    [{ options: { target: 'users' } }, '"target" must be "aliases" or "subscriptions" or "segments"'],
    [{ options: { target: 'segments', aliasLabel: 'x' } }, '"aliasLabel" needs "target: \'aliases\'".'],
    [{ options: { recipient: 'user-' } }, '"recipient" must be a function, found a string'],
    [{ options: { language: 'en_US' } }, '"language" must be a BCP 47 language tag such as "en" or "pt-BR"'],
    [{ options: { maxDataBytes: 0 } }, '"maxDataBytes" must be at least 1, found 0'],
    [{ options: { defaults: { tll: 1 } } }, 'unknown key "defaults.tll" (did you mean "ttl"?)'],
  ])('%j are refused', async (settings, message) => {
    const failure = await failureOf(ConfigurationError, () => new OneSignalService({ ...credentials, ...settings }));
    expect(failure.message).toContain(message);
    expect(everythingShown(failure)).not.toContain(credentials.secretKey);
  });

  it('talk to api.onesignal.com by default, and take the address that the SDK has', () => {
    const apiRoot = (options: object) => Reflect.get(new OneSignalService({ ...credentials, options }).api, 'options');
    expect(apiRoot({})).toEqual({ apiRoot: 'https://api.onesignal.com' });
    expect(apiRoot({ apiRoot: 'https://onesignal.com/api/v1/' })).toEqual({ apiRoot: 'https://onesignal.com/api/v1' });
  });

  it('do not show the key', () => {
    const service = new OneSignalService(credentials);
    const push = createPushService({ backend: service });
    expect(everythingShown(service) + everythingShown(push)).not.toContain(credentials.secretKey);
  });

  it('come as a DSN as well', () => {
    const push = createPushService('onesignal://:os_v2_app_secret@b2f7f966-d8cc-41e4-bed1-df8f05be55ba?language=de');
    expect(push.backend).toBeInstanceOf(OneSignalService);
  });
});

describe('the service', () => {
  it('tells pages the application and their external id, and no secret', async () => {
    const { push, provider } = await start(onTestFinished);
    const { appId } = provider.settings;
    expect(await push.clientConfig({ user: 'ann' })).toEqual({
      backend: 'onesignal',
      appId,
      channels: ['ann'],
      userId: 'ann',
    });
  });

  it.each([{ target: 'segments' }, { target: 'subscriptions' }, { aliasLabel: 'crm_id' }] as const)(
    'tells pages that channels are no external ids with %j',
    async (options) => {
      const { push } = await start(onTestFinished, { options });
      expect(await push.clientConfig()).toMatchObject({ usesExternalId: false });
    },
  );

  it('says where to hear of what devices do, for it cannot subscribe', async () => {
    const { push, service } = await start(onTestFinished);
    const failure = await failureOf(UnsupportedOperationError, service.subscribe('ann'));
    expect(failure.message).toMatch(/^The onesignal backend cannot subscribe to "ann": .*Event Stream.*webhook/);
    await failureOf(UnsupportedOperationError, push.subscribe('ann'));
    expect(service.capabilities.subscribe).toBe(false);
  });

  it('sends to users by id only where channels are aliases', async () => {
    const { push, provider } = await start(onTestFinished, { options: { target: 'segments' } });
    expect(await push.send({ users: 'ann', data: null })).toMatchObject({
      status: 'unreachable',
      unreachable: ['ann'],
    });
    expect(provider.server.requests).toEqual([]);
  });
});
