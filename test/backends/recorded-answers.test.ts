import { describe, expect, onTestFinished, test } from 'vitest';
import { outcomeOf, type PushError } from '../../src/core/errors.js';
import { createPushService, DeliveryError, type PushServerSettings, type PushService } from '../../src/index.js';
import { answering } from '../providers/faults.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import type { ProviderServer } from '../providers/provider-server.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';
import { startPusherProvider } from '../providers/pusher-provider.js';
import { oneSignalAnswers, pubnubAnswers, pusherAnswers, type RecordedAnswer } from '../providers/recorded-answers.js';
import { everythingShown } from '../support/everything-shown.js';

// What the backends make of answers of the real providers: each is held to its class, its outcome and its words.

interface Started {
  readonly server: ProviderServer;
  readonly settings: object;
  close(): Promise<void>;
}

/** `accepted`, or the channel's error in short: class, outcome, whether it is tried again. */
async function toldOf(
  start: () => Promise<Started>,
  answer: RecordedAnswer,
): Promise<{ told: string; error?: PushError }> {
  const provider = await start();
  onTestFinished(() => provider.close());
  const push: PushService = createPushService({ ...provider.settings, retries: 0 } as PushServerSettings);
  onTestFinished(() => push.close());
  provider.server.always = answering(answer);
  try {
    await push.send({ channels: '42', data: 1 });
    return { told: 'accepted' };
  } catch (failure) {
    const error = failure instanceof DeliveryError ? failure.report?.rejected[0]?.error : undefined;
    if (error === undefined) throw failure;
    const retryable = error.retryable ? ', retryable' : '';
    return { told: `${error.name}, ${outcomeOf(error)}${retryable}`, error };
  }
}

const cases: readonly [string, () => Promise<Started>, RecordedAnswer, told: string, words: string][] = [
  ['oneSignal.optedOutDevices', startOneSignalProvider, oneSignalAnswers.optedOutDevices, 'accepted', ''],
  [
    'oneSignal.optedOutAltogether',
    startOneSignalProvider,
    oneSignalAnswers.optedOutAltogether,
    'DeliveryError, rejected',
    'no recipient can get it',
  ],
  ['oneSignal.optedOutSubscription', startOneSignalProvider, oneSignalAnswers.optedOutSubscription, 'accepted', ''],
  [
    'oneSignal.nobodySubscribed',
    startOneSignalProvider,
    oneSignalAnswers.nobodySubscribed,
    'DeliveryError, rejected',
    'All included players are not subscribed',
  ],
  [
    'oneSignal.wrongKey',
    startOneSignalProvider,
    oneSignalAnswers.wrongKey,
    'AuthenticationError, rejected',
    'OneSignal answered 403: Access denied.',
  ],
  [
    'oneSignal.unknownNotification',
    startOneSignalProvider,
    oneSignalAnswers.unknownNotification,
    'DeliveryError, rejected',
    'OneSignal answered 404: Notification not found',
  ],
  [
    'oneSignal.noTargeting',
    startOneSignalProvider,
    oneSignalAnswers.noTargeting,
    'DeliveryError, rejected',
    'OneSignal answered 400: You must include which players',
  ],
  [
    'pusher.unknownKey',
    startPusherProvider,
    pusherAnswers.unknownKey,
    'AuthenticationError, rejected',
    'Pusher answered 400: Unknown auth_key (check',
  ],
  [
    'pusher.wrongSignature',
    startPusherProvider,
    pusherAnswers.wrongSignature,
    'AuthenticationError, rejected',
    'but you sent "[secret]" (check',
  ],
  [
    'pusher.overQuota',
    startPusherProvider,
    pusherAnswers.overQuota,
    'RateLimitError, rejected',
    'Pusher answered 403: Account over quota (the application',
  ],
  [
    'pusher.dataTooLarge',
    startPusherProvider,
    pusherAnswers.dataTooLarge,
    'DeliveryError, rejected',
    'Pusher answered 413: The data content of this event exceeds',
  ],
  [
    'pusher.extraneousInfo',
    startPusherProvider,
    pusherAnswers.extraneousInfo,
    'DeliveryError, rejected',
    'Pusher answered 400: The following query string parameters are extraneous: info',
  ],
  [
    'pusher.countingOff',
    startPusherProvider,
    pusherAnswers.countingOff,
    'DeliveryError, rejected',
    'Pusher answered 400: Cannot retrieve the subscription count because',
  ],
  [
    'pubnub.messageTooLarge',
    startPubNubProvider,
    pubnubAnswers.messageTooLarge,
    'DeliveryError, rejected',
    'PubNub answered 400: Message Too Large',
  ],
  [
    'pubnub.invalidSubscribeKey',
    startPubNubProvider,
    pubnubAnswers.invalidSubscribeKey,
    'DeliveryError, rejected',
    'PubNub answered 400: Invalid Subscribe Key',
  ],
  [
    'pubnub.accessDenied',
    startPubNubProvider,
    pubnubAnswers.accessDenied,
    'AuthenticationError, rejected',
    'PubNub answered 403: Forbidden',
  ],
  [
    'pubnub.wrongSignature',
    startPubNubProvider,
    pubnubAnswers.wrongSignature,
    'AuthenticationError, rejected',
    'PubNub answered 403: Signature does not match',
  ],
  [
    'pubnub.historyNotEnabled',
    startPubNubProvider,
    pubnubAnswers.historyNotEnabled,
    'AuthenticationError, rejected',
    'PubNub answered 403: Use of the history API requires',
  ],
];

describe('the recorded answer', () => {
  test.each(cases)('%s is read as it is meant', async (_name, start, answer, expected, words) => {
    const { told, error } = await toldOf(start, answer);
    expect(told).toBe(expected);
    expect(error?.message ?? '').toContain(words);
    expect(everythingShown(error)).not.toMatch(/[0-9a-f]{64}/);
  });

  test.each(Object.entries({ ...oneSignalAnswers, ...pusherAnswers, ...pubnubAnswers }))(
    '%s says where it comes from',
    (_name, { source }) => {
      expect(source).toMatch(/^https:\/\/\S+/);
    },
  );
});
