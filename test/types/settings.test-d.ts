import * as OneSignal from 'onesignal-node';
import PubNub from 'pubnub';
import Pusher, * as pusher from 'pusher';
import PusherJs, * as pusherJs from 'pusher-js';
import {
  type AnyBackend,
  type BackendSettings,
  createPushService,
  memorySessions,
  type OutgoingMessage,
  type PushServerSettings,
  PushService,
  PushServiceWrapper,
  type ServiceSettings,
} from 'pushrail';
import { ConsoleService } from 'pushrail/backends/console';
import { type FailoverService, failover } from 'pushrail/backends/failover';
import type { FanoutService } from 'pushrail/backends/fanout';
import type { OneSignalService } from 'pushrail/backends/onesignal';
import type { PubNubService } from 'pushrail/backends/pubnub';
import { PusherService } from 'pushrail/backends/pusher';
import type { RemoteWebSocketService } from 'pushrail/backends/remote';
import type { RoundRobinService } from 'pushrail/backends/roundrobin';
import type { WebSocketService } from 'pushrail/backends/websocket';
import { pushServerSchema } from 'pushrail/settings';
import { expectTypeOf } from 'vitest';
import type * as z from 'zod';

// The settings tell which backend a service has.
const keys = { appId: 'a', pubKey: 'k', subKey: 'sub', secretKey: 's' };
const composed = {
  options: { backends: ['console:', { backend: 'pusher', ...keys, options: { cluster: 'eu' } }] },
} as const;
expectTypeOf(createPushService({ backend: 'console' }).backend).toEqualTypeOf<ConsoleService>();
expectTypeOf(createPushService({ backend: 'websocket', ...keys }).backend).toEqualTypeOf<WebSocketService>();
expectTypeOf(createPushService({ backend: 'pusher', ...keys }).backend).toEqualTypeOf<PusherService>();
expectTypeOf(createPushService({ backend: 'pubnub', ...keys }).backend).toEqualTypeOf<PubNubService>();
expectTypeOf(createPushService({ backend: 'onesignal', ...keys }).backend).toEqualTypeOf<OneSignalService>();
expectTypeOf(createPushService({ backend: 'failover', ...composed }).backend).toEqualTypeOf<FailoverService>();
expectTypeOf(createPushService({ backend: 'roundrobin', ...composed }).backend).toEqualTypeOf<RoundRobinService>();
expectTypeOf(createPushService({ backend: 'fanout', ...composed }).backend).toEqualTypeOf<FanoutService>();
expectTypeOf(createPushService({ backend: new PusherService(keys) }).backend).toEqualTypeOf<PusherService>();
expectTypeOf(createPushService({ backend: 'remote', ...keys }).backend).toEqualTypeOf<RemoteWebSocketService>();
expectTypeOf(
  createPushService({ backend: failover(new ConsoleService(), new PusherService(keys)) }).backend,
).toEqualTypeOf<FailoverService>();

// Where they do not, it is any backend, and `instanceof` tells.
const fromDsn = createPushService('pusher://k:s@a').backend;
expectTypeOf(fromDsn).toEqualTypeOf<AnyBackend>();
expectTypeOf(createPushService({ backend: './my-service.js#MyService' }).backend).toEqualTypeOf<AnyBackend>();
expectTypeOf(PushService.backend).toEqualTypeOf<AnyBackend>();
const sessions = memorySessions();
expectTypeOf(createPushService({ backend: 'pusher://k:s@a', sessions }).backend).toEqualTypeOf<AnyBackend>();
expectTypeOf(createPushService('pusher://k:s@a', { sessions, options: {} }).backend).toEqualTypeOf<AnyBackend>();
expectTypeOf(createPushService({ sessions }).backend).toEqualTypeOf<AnyBackend>();
PushService.configure('pusher://k:s@a', { sessions });
// @ts-expect-error: a DSN names the backend already
PushService.configure('pusher://k:s@a', { backend: 'console' });
if (fromDsn instanceof PusherService) expectTypeOf(fromDsn).toEqualTypeOf<PusherService>();
// @ts-expect-error: without that, nothing of one backend is there
fromDsn.terminateUserConnections;

// Each backend has its own options.
createPushService({ backend: 'console', options: { format: 'json' } });
createPushService({ backend: 'websocket', options: { port: 6001 } });
createPushService({ backend: 'pusher', options: { Pusher, PusherJs } });
createPushService({ backend: 'pusher', options: { Pusher: pusher, PusherJs: pusherJs } });
createPushService({ backend: 'onesignal', options: { OneSignal } });
createPushService({ backend: 'onesignal', options: { OneSignal: OneSignal.Client } });
createPushService({ backend: 'pubnub', options: { PubNub } });
createPushService({ backend: 'pusher', options: { cluster: 'eu', host: 'localhost' }, defaultEvent: 'message' });
createPushService({ backend: 'console', encode: (value) => (value instanceof Date ? value.getTime() : value) });
createPushService({ backend: 'pubnub', options: { ttl: 24, userId: 'server' } });
createPushService({ backend: 'onesignal', options: { language: 'de', target: 'aliases' } });
// @ts-expect-error: a format that there is not
createPushService({ backend: 'console', options: { format: 'xml' } });
// @ts-expect-error: an option of the embedded server
createPushService({ backend: 'console', options: { port: 6001 } });
// @ts-expect-error: an option of PubNub
createPushService({ backend: 'pusher', options: { ttl: 24 } });
// @ts-expect-error: an option of Pusher
createPushService({ backend: 'pubnub', options: { cluster: 'eu' } });
// @ts-expect-error: a target that there is not
createPushService({ backend: 'onesignal', options: { target: 'everybody' } });
// @ts-expect-error: a backend that there is not
createPushService({ backend: 'pushy' });
// @ts-expect-error: several backends need a list of them
createPushService({ backend: 'failover', options: {} });
// @ts-expect-error: an instance has its options already
createPushService({ backend: new ConsoleService(), options: { format: 'json' } });
// @ts-expect-error: the backends of several take no settings of the service
createPushService({ backend: 'fanout', options: { backends: [{ backend: 'console', retries: 1 }] } });

// What the service itself reads goes with any of them.
createPushService({
  backend: 'console',
  sessions: memorySessions(),
  timeout: 1000,
  retries: 0,
  concurrency: 1,
  logger: console,
});
// @ts-expect-error: milliseconds are a number
createPushService({ backend: 'console', timeout: '1s' });
// @ts-expect-error: a logger has four methods
createPushService({ backend: 'console', logger: { info() {} } });
// @ts-expect-error: a key that there is not
createPushService({ backend: 'console', pubkey: 'k' });

// PUSH_SERVER as a type of its own, for settings that are kept elsewhere.
expectTypeOf<{ backend: 'pusher'; options: { cluster: 'eu' } }>().toExtend<PushServerSettings>();
expectTypeOf<{ backend: 'pusher'; options: { cluster: 1 } }>().not.toExtend<PushServerSettings>();
declare const kept: PushServerSettings;
PushService.configure(kept);
PushService.configure(keys.appId === 'a' ? kept : 'console:', { sessions });
PushService.configure({ ...kept, retries: 0 });
PushService.configure({ sessions, defaultEvent: 'message' });
expectTypeOf(createPushService(kept).backend).toEqualTypeOf<AnyBackend>();
expectTypeOf(createPushService({ ...kept, logger: console }).backend).toEqualTypeOf<AnyBackend>();
// @ts-expect-error: a key that there is not
PushService.configure({ sessions, sesions: sessions });
// @ts-expect-error: an option of Pusher
PushService.configure({ backend: 'pubnub', ...keys, options: { cluster: 'eu' } });

// A backend of one's own: its client, its options, and what it must have.
interface PigeonOptions {
  readonly speed: number;
}
class Loft {
  release(): void {}
}
class PigeonService extends PushServiceWrapper<Loft, PigeonOptions> {
  constructor(settings: BackendSettings<PigeonOptions>) {
    super(settings);
    this.api = new Loft();
    this.requireCredentials('secretKey');
    // @ts-expect-error: a credential that there is not
    this.requireCredentials('password');
    expectTypeOf(this.options).toEqualTypeOf<PigeonOptions>();
    expectTypeOf(this.secretKey).toEqualTypeOf<string>();
  }

  protected async sendData(channel: string, message: OutgoingMessage): Promise<void> {
    expectTypeOf(message.payload).toEqualTypeOf<string>();
    this.receive({ channel, event: message.event, data: message.data });
  }
}
const pigeons = createPushService({ backend: PigeonService, secretKey: 'coo', options: { speed: 80 } });
expectTypeOf(pigeons.backend).toEqualTypeOf<PigeonService>();
expectTypeOf(pigeons.backend.api).toEqualTypeOf<Loft>();
PushService.configure({ backend: PigeonService, secretKey: 'coo', options: { speed: 80 } });
// @ts-expect-error: an option of the class is a number
createPushService({ backend: PigeonService, options: { speed: 'fast' } });
// @ts-expect-error: an option that the class does not have
createPushService({ backend: PigeonService, options: { speed: 80, height: 3 } });
// @ts-expect-error: an option of the class is a number
PushService.configure({ backend: PigeonService, options: { speed: 'fast' } });
// @ts-expect-error: an option that the class does not have
PushService.configure({ backend: PigeonService, options: { speed: 80, height: 3 } });
// @ts-expect-error: an option that the class does not have
createPushService({ backend: PusherService, ...keys, options: { port: 80, cluter: 'eu' } });
class PlainService extends PushServiceWrapper {
  protected async sendData(): Promise<void> {}
}
createPushService({ backend: PlainService, options: { whatever: 1 } });
// @ts-expect-error: a class that is no backend
createPushService({ backend: Loft });
// @ts-expect-error: sendData is the one method that a backend must have
class LazyService extends PushServiceWrapper {}
expectTypeOf(LazyService).toExtend<abstract new () => AnyBackend>();

// The schema of an application's configuration takes the keys of the settings, and returns what a service takes.
type Checked = z.output<typeof pushServerSchema>;
expectTypeOf<keyof Checked>().toEqualTypeOf<keyof PushServerSettings | 'options'>();
expectTypeOf<Pick<Checked, keyof ServiceSettings>>().toEqualTypeOf<ServiceSettings>();
expectTypeOf(createPushService(pushServerSchema.parse({})).backend.name).toEqualTypeOf<string>();
// @ts-expect-error a key that the settings do not have
void pushServerSchema.parse({}).pubkey;
