import { createPushService, memorySessions, type PushServerSettings, PushService } from 'pushrail';
import { ConsoleService } from 'pushrail/backends/console';
import type { OneSignalService } from 'pushrail/backends/onesignal';
import type { WebSocketService } from 'pushrail/backends/websocket';
import { expectTypeOf } from 'vitest';

const keys = { appId: 'a', pubKey: 'k', secretKey: 's' };
const sessions = memorySessions();
const push = createPushService({
  backends: {
    live: { backend: 'websocket', ...keys, options: { port: 6001 }, sessions },
    mobile: { backend: 'onesignal', appId: 'a', secretKey: 's' },
    dsn: 'console:',
    instance: new ConsoleService(),
    itsClass: ConsoleService,
  },
  routes: (user, message) => (message.event === 'alarm' && user ? ['live', 'mobile'] : 'mobile'),
});

// Each entry tells which backend it is.
expectTypeOf(push.backends.live).toEqualTypeOf<WebSocketService>();
expectTypeOf(push.backends.mobile).toEqualTypeOf<OneSignalService>();
expectTypeOf(push.backends.instance).toEqualTypeOf<ConsoleService>();
expectTypeOf(push.backends.itsClass).toEqualTypeOf<ConsoleService>();

// `via` takes the names of the backends.
const message = { event: 'hello', users: 'ann' } as const;
await push.send({ ...message, via: 'live' });
await push.send({ ...message, via: ['live', 'mobile'] });
await push.sendMany([{ ...message, via: 'mobile' }]);
await push.trigger('news', 'hello', 1, { via: 'mobile' });
await push.channel('news').trigger('hello', 1, { via: 'live' });
await push.sendTemplate({ slug: 'welcome', users: 'ann', via: 'mobile' });
push.fire({ ...message, via: 'live' });
// @ts-expect-error: a name that there is not
await push.send({ ...message, via: 'pigeon' });
// @ts-expect-error: a name that there is not, in a list
await push.send({ ...message, via: ['live', 'pigeon'] });
// @ts-expect-error: a name that there is not
await push.sendMany([{ ...message, via: 'pigeon' }]);
// @ts-expect-error: a name that there is not
await push.trigger('news', 'hello', 1, { via: 'pigeon' });
// @ts-expect-error: a name that there is not
await push.channel('news').trigger('hello', 1, { via: 'pigeon' });
// @ts-expect-error: a name that there is not
await push.sendTemplate({ slug: 'welcome', users: 'ann', via: 'pigeon' });
// @ts-expect-error: a name that there is not
push.fire({ ...message, via: 'pigeon' });

// It is a push service, wherever one is wanted.
export const service: PushService = push;

// Options of a backend stand by its name.
await push.send({ ...message, backendOptions: { mobile: { ttl: 60 } } });
// @ts-expect-error: no backend has this name
await push.send({ ...message, backendOptions: { ttl: { seconds: 60 } } });

// The options of each are held to its backend.
// @ts-expect-error: an option of another backend
createPushService({ backends: { live: { backend: 'websocket', ...keys, options: { cluster: 'eu' } } } });
// @ts-expect-error: no such backend
createPushService({ backends: { live: { backend: 'websockt', ...keys } } });
// @ts-expect-error: `routes` answers names
createPushService({ backends: { live: { backend: 'console' } }, routes: () => 7 });
// @ts-expect-error: one backend or several
createPushService({ backend: 'console', backends: { live: { backend: 'console' } } });

// A user of the application's own.
interface Customer {
  readonly id: string;
  readonly hasPhone: boolean;
}
createPushService({
  backends: { live: { backend: 'console' }, mobile: { backend: 'console' } },
  routes: async (user: Customer) => (user.hasPhone ? 'mobile' : undefined),
});

// Where the settings are a variable, any name fits.
export const settings: PushServerSettings = {
  backends: { live: 'console:', mobile: { backend: 'console', sessions } },
};
const any = createPushService(settings);
expectTypeOf(any).toEqualTypeOf<PushService>();
await any.send({ ...message, via: 'whatever' });
PushService.configure({ backends: { live: { backend: 'console' } }, routes: () => 'live' });
await PushService.send({ ...message, via: 'live' });
