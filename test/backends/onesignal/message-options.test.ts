import { describe, expect, it, onTestFinished } from 'vitest';
import type { OneSignalMessageOptions } from '../../../src/backends/onesignal/index.js';
import { ValidationError } from '../../../src/index.js';
import { failureOf } from '../../support/failure-of.js';
import { start } from './support/start.js';

describe('backendOptions', () => {
  it.each<[OneSignalMessageOptions, object]>([
    [{ sendAfter: new Date('2030-01-02T03:04:05Z') }, { send_after: '2030-01-02T03:04:05.000Z' }],
    [{ sendAfter: '2030-01-02T03:04+02:00' }, { send_after: '2030-01-02T01:04:00.000Z' }],
    [
      { delayedOption: 'timezone', deliveryTimeOfDay: '9:00AM' },
      { delayed_option: 'timezone', delivery_time_of_day: '9:00AM' },
    ],
    [
      { delayedOption: 'last-active', throttlePerMinute: 0, enableFrequencyCap: false },
      { delayed_option: 'last-active', throttle_rate_per_minute: 0, enable_frequency_cap: false },
    ],
    [
      { ttl: 60, priority: 5, collapseId: 'score', webPushTopic: 'score' },
      { ttl: 60, priority: 5, collapse_id: 'score', web_push_topic: 'score' },
    ],
    [
      { appUrl: 'shop://orders/42', webUrl: 'https://example.com/42' },
      { app_url: 'shop://orders/42', web_url: 'https://example.com/42' },
    ],
    [
      { image: 'https://example.com/a.png' },
      {
        big_picture: 'https://example.com/a.png',
        chrome_web_image: 'https://example.com/a.png',
        ios_attachments: { image: 'https://example.com/a.png' },
      },
    ],
    [
      { buttons: [{ id: 'a', text: 'Open' }], webButtons: [{ id: 'b', text: 'Open', url: 'https://example.com' }] },
      { buttons: [{ id: 'a', text: 'Open' }], web_buttons: [{ id: 'b', text: 'Open', url: 'https://example.com' }] },
    ],
    [
      { iosBadgeType: 'Increase', iosBadgeCount: 1, iosSound: 'ding.wav', iosInterruptionLevel: 'time_sensitive' },
      { ios_badgeType: 'Increase', ios_badgeCount: 1, ios_sound: 'ding.wav', ios_interruption_level: 'time_sensitive' },
    ],
    [
      { androidChannelId: 'orders', group: 'g' },
      { android_channel_id: 'orders', thread_id: 'g', android_group: 'g' },
    ],
    [
      { contentAvailable: true, name: 'Shipping' },
      { content_available: true, name: 'Shipping' },
    ],
    [
      { templateId: 't1', customData: { orderId: 42 } },
      { template_id: 't1', custom_data: { orderId: 42 } },
    ],
    [{ body: { small_icon: 'bell', nested: { a: [1, null] } } }, { small_icon: 'bell', nested: { a: [1, null] } }],
  ])('%j goes as the API calls it', async (backendOptions, expected) => {
    const { requestOf } = await start(onTestFinished);
    expect(await requestOf(backendOptions, { body: 'World' })).toMatchObject({
      ...expected,
      contents: { en: 'World' },
      headings: { en: 'Hello' },
    });
  });

  it('may bring the texts by a template', async () => {
    const { requestOf } = await start(onTestFinished);
    const request = await requestOf({ templateId: 't1', buttons: [{ id: 'a', text: 'Open' }] });
    expect(request).toMatchObject({ template_id: 't1' });
    expect(Object.keys(request)).not.toContain('content_available');
    expect(Object.keys(request)).not.toContain('contents');
  });

  it('stand over those of the settings', async () => {
    const defaults = { ttl: 60, group: 'shop', body: { small_icon: 'bell', isIos: true } };
    const { requestOf } = await start(onTestFinished, { options: { defaults } });
    expect(await requestOf({})).toMatchObject({ ttl: 60, android_group: 'shop', small_icon: 'bell', isIos: true });
    const request = await requestOf({ ttl: 5, group: undefined, body: { small_icon: 'cart' } });
    expect(request).toMatchObject({ ttl: 5, android_group: 'shop', small_icon: 'cart', isIos: true });
  });

  it('are a snapshot, and the caller’s objects stay as they are', async () => {
    const { push, requests } = await start(onTestFinished);
    const backendOptions = Object.freeze({ body: Object.freeze({ small_icon: 'bell' }), ttl: 5 });
    await push.send({ channels: 'ann', data: Object.freeze({ a: 1 }), backendOptions });
    expect(requests()).toMatchObject([{ small_icon: 'bell', ttl: 5 }]);
  });

  it.each<[object, string]>([
    [{ sendafter: 1 }, 'unknown key "sendafter" (did you mean "sendAfter"?)'],
    [{ segments: ['All'] }, 'unknown key "segments"'],
    [{ buttons: [{ id: 'a', txt: 'Open' }] }, 'unknown key "buttons.0.txt" (did you mean "text"?)'],
    [{ sendAfter: '2030-01-02' }, '"sendAfter" must be a valid Date, or an ISO 8601 string with a time zone'],
    [{ sendAfter: new Date('never') }, '"sendAfter" must be a valid Date'],
    [{ sendAfter: '2030-13-41T00:00Z' }, '"sendAfter" must be a valid Date'],
    [{ deliveryTimeOfDay: '25:00', delayedOption: 'timezone' }, '"deliveryTimeOfDay" must be a time such as'],
    [{ deliveryTimeOfDay: '9:00AM' }, '"backendOptions.deliveryTimeOfDay" needs "delayedOption: \'timezone\'".'],
    [{ ttl: 2_419_201 }, '"ttl" must be at most 2419200, found 2419201'],
    [{ ttl: 1.5 }, '"ttl" must be an integer'],
    [{ priority: 7 }, '"priority" must be 5 or 10, found 7'],
    [{ collapseId: 'ü'.repeat(33) }, '"collapseId" must be a string of 1 to 64 bytes'],
    [{ buttons: Array(4).fill({ id: 'a', text: 'b' }) }, '"buttons" must hold at most 3'],
    [{ iosBadgeCount: 1 }, '"backendOptions.iosBadgeType" and "iosBadgeCount" go together.'],
    [{ customData: { a: 1 } }, '"backendOptions.customData" needs a "templateId".'],
    [{ excludedSegments: ['Staff'] }, 'excludedSegments" needs the option "target: \'segments\'".'],
    [{ image: 'https://example.com/a.png' }, '"backendOptions.image" needs a "notification".'],
    [{ templateId: 't', translations: { de: { title: 'a' } } }, 'translations" needs a "notification"'],
    [{ body: { a: () => 1 } }, '"body" must be an object of JSON values'],
    [{ body: { a: new Map() } }, '"body" must be an object of JSON values'],
    [{ body: [1] }, '"body" must be an object of JSON values'],
  ])('%j are refused before anything is sent', async (backendOptions, message) => {
    const { push, provider } = await start(onTestFinished);
    const send = push.send({ channels: 'ann', data: null, backendOptions: { ...backendOptions } });
    const failure = await failureOf(ValidationError, send);
    expect(failure.message).toContain(message);
    expect(failure.backend).toBe('onesignal');
    expect(provider.server.requests).toEqual([]);
  });

  it.each([
    'app_id',
    'include_aliases',
    'include_player_ids',
    'include_external_user_ids',
    'included_segments',
    'excluded_segments',
    'filters',
    'target_channel',
    'idempotency_key',
    'external_id',
    'data',
  ])('cannot set %s, which belongs to the message', async (key) => {
    const { push, provider } = await start(onTestFinished);
    const send = push.send({ channels: 'ann', data: null, backendOptions: { body: { [key]: 'mine' } } });
    const failure = await failureOf(ValidationError, send);
    expect(failure.message).toBe(
      `"backendOptions.body.${key}" cannot be set: it comes from the message and the settings.`,
    );
    expect(provider.server.requests).toEqual([]);
  });

  it('cannot hold a cycle', async () => {
    const { push } = await start(onTestFinished);
    const body: Record<string, unknown> = {};
    body['self'] = body;
    const failure = await failureOf(ValidationError, push.send({ channels: 'ann', data: 1, backendOptions: { body } }));
    expect(failure.message).toContain('must be an object of JSON values');
  });

  it('cannot hold objects within each other without end', async () => {
    const { push } = await start(onTestFinished);
    let body: Record<string, unknown> = {};
    for (let level = 0; level < 10_000; level++) body = { body };
    const failure = await failureOf(ValidationError, push.send({ channels: 'ann', data: 1, backendOptions: { body } }));
    expect(failure.message).toContain('must be an object of JSON values');
  });

  it('cannot open two addresses', async () => {
    const { requestOf } = await start(onTestFinished);
    const send = requestOf({ webUrl: 'https://example.com/1' }, { url: 'https://example.com/2' });
    expect((await failureOf(ValidationError, send)).message).toContain(
      'cannot be set together with "notification.url"',
    );
  });
});
