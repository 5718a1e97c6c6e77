import type { ProviderAnswer } from './provider-answer.js';

/**
 * How the form of an answer is known. `fixture`: recorded in the tests of the provider's own packages. `report`: told
 * by a user or a maintainer in public. `document`: in the provider's documentation. No live provider is asked here.
 */
type Evidence = 'fixture' | 'report' | 'document';

/** An answer of a real provider, and where its form comes from. */
export interface RecordedAnswer extends ProviderAnswer {
  readonly status: number;
  readonly evidence: Evidence;
  readonly source: string;
}

/**
 * Marks an answer of an imitation whose form nobody has recorded: its status follows from the documents, its words are
 * ours. Whatever is neither this nor one of the answers below is a success as the documents show it.
 */
export function guessed<Answer>(answer: Answer): Answer {
  return answer;
}

type Answers<Name extends string> = Readonly<Record<Name, RecordedAnswer>>;

const oneSignalDocument = 'https://documentation.onesignal.com/reference/push-notification';
const oneSignalCatalog = 'https://docs.rs/onesignal-rust-api/5.14.0/onesignal_rust_api/errors/';

export const oneSignalAnswers: Answers<
  | 'optedOutDevices'
  | 'optedOutAltogether'
  | 'optedOutSubscription'
  | 'nobodySubscribed'
  | 'wrongKey'
  | 'unknownNotification'
  | 'noTargeting'
> = {
  optedOutDevices: {
    status: 200,
    body: {
      id: 'bfc9ea0a-8488-441d-9208-7154794d426a',
      external_id: null,
      errors: { invalid_aliases: { external_id: ['42', '42'] } },
    },
    evidence: 'report',
    source: 'https://github.com/OneSignal/onesignal-node-api/issues/82',
  },
  optedOutAltogether: {
    status: 200,
    body: { id: '', external_id: null, errors: { invalid_aliases: { external_id: ['42', '42'] } } },
    evidence: 'report',
    source: 'https://github.com/OneSignal/onesignal-node-api/issues/82',
  },
  optedOutSubscription: {
    status: 200,
    body: {
      id: 'b15ba6e5-2223-49d6-9eda-684b9051f5a8',
      errors: { invalid_player_ids: ['5fdc92b2-3b2a-11e5-ac13-8fdccfe4d986'] },
    },
    evidence: 'document',
    source: oneSignalDocument,
  },
  nobodySubscribed: {
    status: 200,
    body: { id: '', errors: ['All included players are not subscribed'] },
    evidence: 'document',
    source: oneSignalCatalog,
  },
  wrongKey: {
    status: 403,
    body: {
      errors: [
        "Access denied.  Please include an 'Authorization: ...' header with a valid API key (https://documentation.onesignal.com/docs/en/keys-and-ids#api-keys).",
      ],
    },
    evidence: 'document',
    source: oneSignalCatalog,
  },
  unknownNotification: {
    status: 404,
    body: { errors: ['Notification not found'] },
    evidence: 'document',
    source: oneSignalCatalog,
  },
  noTargeting: {
    status: 400,
    body: { errors: ['You must include which players, segments, or tags you wish to send this notification to.'] },
    evidence: 'document',
    source: oneSignalCatalog,
  },
};

const plain = { 'content-type': 'text/plain' };

export const pusherAnswers: Answers<
  'unknownKey' | 'wrongSignature' | 'overQuota' | 'dataTooLarge' | 'extraneousInfo' | 'countingOff'
> = {
  unknownKey: {
    status: 400,
    headers: plain,
    body: 'Unknown auth_key\n',
    evidence: 'report',
    source: 'https://github.com/pusher/realtime-notifications-tutorial (README of the branch "ruby")',
  },
  wrongSignature: {
    status: 401,
    headers: plain,
    body: 'Invalid signature: you should have sent HmacSHA256Hex("POST\\n/apps/1/events\\nauth_key=k&auth_timestamp=1701978133&auth_version=1.0&body_md5=5c97a1d17397906fcfbfb622622a2b59", your_secret_key), but you sent "e2abd797832ba0fe963c77dd2656aae135a2bd2e45afc9d419ac3a7e2ae59765"\n',
    evidence: 'report',
    source: 'https://github.com/pusher/pusher-http-go/issues/91',
  },
  overQuota: {
    status: 403,
    headers: plain,
    body: 'Account over quota\n',
    evidence: 'report',
    source:
      'https://pusher.com/docs/channels/library_auth_reference/rest-api/ for the status; the words are those of a connection: https://github.com/dirkbonhomme/pusher-client-node/issues/9',
  },
  dataTooLarge: {
    status: 413,
    headers: plain,
    body: 'The data content of this event exceeds the allowed maximum (10240 bytes). See https://pusher.com/docs/channels/server_api/http-api#publishing-events for more info\n',
    evidence: 'report',
    source: 'https://github.com/always-open/laravel-totem/issues/303',
  },
  extraneousInfo: {
    status: 400,
    headers: plain,
    body: 'The following query string parameters are extraneous: info\n',
    evidence: 'report',
    source: 'https://github.com/pusher/pusher-http-node/issues/18',
  },
  countingOff: {
    status: 400,
    headers: plain,
    body: 'Cannot retrieve the subscription count because subscription counting is not enabled\n',
    evidence: 'report',
    source: 'https://github.com/pusher/pusher-http-ruby/issues/193',
  },
};

const swift = 'https://github.com/pubnub/swift (Tests/…/Mocking/Responses)';
const notEnabled =
  'Use of the history API requires the Storage & Playback which is not enabled for this subscribe key. Login to your PubNub Dashboard Account and enable Storage & Playback. Contact support@pubnub.com if you require further assistance.';

export const pubnubAnswers: Answers<
  | 'messageTooLarge'
  | 'invalidSubscribeKey'
  | 'accessDenied'
  | 'wrongSignature'
  | 'historyNotEnabled'
  | 'historyNotEnabledOlder'
> = {
  messageTooLarge: {
    status: 400,
    body: [0, 'Message Too Large', '15635079026391944'],
    evidence: 'fixture',
    source: `${swift}, publish_message_too_large.json`,
  },
  invalidSubscribeKey: {
    status: 400,
    body: { message: 'Invalid Subscribe Key', error: true, service: 'Access Manager', status: 400 },
    evidence: 'fixture',
    source: `${swift}, invalidSubscribeKey.json`,
  },
  accessDenied: {
    status: 403,
    body: {
      message: 'Forbidden',
      payload: { channels: ['ch1', 'ch2'], 'channel-groups': [':cg1', ':cg2'] },
      error: true,
      service: 'Access Manager',
      status: 403,
    },
    evidence: 'fixture',
    source:
      'https://github.com/pubnub/kotlin, the test of subscriptions (testSubscribeBuilderWithAccessManager403Error)',
  },
  wrongSignature: {
    status: 403,
    body: { message: 'Signature does not match', error: true, service: 'Access Manager', status: 403 },
    evidence: 'report',
    source:
      'https://github.com/pubnub/dart/issues/50 for the status and the words; the form is that of the other refusals of Access Manager',
  },
  historyNotEnabled: {
    status: 403,
    body: { status: 403, error: true, error_message: notEnabled, channels: {} },
    evidence: 'fixture',
    source: `${swift}, message_counts_error_serviceNotEnabled.json`,
  },
  historyNotEnabledOlder: {
    status: 200,
    body: [notEnabled, 0, 0],
    evidence: 'fixture',
    source:
      'https://github.com/pubnub/php, the test of message counts (testSyncDisabled); Java and Kotlin have the same',
  },
};
