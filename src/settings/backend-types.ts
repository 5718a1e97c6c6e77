import type { FailoverService } from '../backends/composite/failover.js';
import type { FanoutService } from '../backends/composite/fanout.js';
import type { RoundRobinService } from '../backends/composite/roundrobin.js';
import type { ConsoleOptions, ConsoleService } from '../backends/console/index.js';
import type { BackendSettings } from '../backends/contract/settings.js';
import type { AnyBackend, PushServiceWrapperClass } from '../backends/contract/wrapper.js';
import type { OneSignalOptions, OneSignalService } from '../backends/onesignal/index.js';
import type { PubNubOptions, PubNubService } from '../backends/pubnub/index.js';
import type { PusherOptions, PusherService } from '../backends/pusher/index.js';
import type { WebSocketService } from '../backends/websocket/index.js';
import type { WebSocketOptions } from '../server/options.js';
import type { CompositeSettings, Credentials, ServiceSettings } from './settings.js';

/** The built-in backends by name: the class, and the options that go with it. */
interface BuiltIn {
  console: [ConsoleService, ConsoleOptions];
  websocket: [WebSocketService, WebSocketOptions];
  pusher: [PusherService, PusherOptions];
  pubnub: [PubNubService, PubNubOptions];
  onesignal: [OneSignalService, OneSignalOptions];
  failover: [FailoverService, CompositeSettings];
  roundrobin: [RoundRobinService, CompositeSettings];
  fanout: [FanoutService, CompositeSettings];
}

/** Whatever `backend` may be. */
export type BackendReference = keyof BuiltIn | `${string}#${string}` | PushServiceWrapperClass | AnyBackend;

/** The backend that `backend` stands for. */
export type BackendOf<Reference> = Reference extends keyof BuiltIn
  ? BuiltIn[Reference][0]
  : Reference extends abstract new (
        ...parameters: never[]
      ) => infer Instance
    ? Extract<Instance, AnyBackend>
    : Reference extends AnyBackend
      ? Reference
      : AnyBackend;

/** The options that go with `backend`; an instance has its own already. */
type OptionsOf<Reference> = Reference extends keyof BuiltIn
  ? BuiltIn[Reference][1]
  : Reference extends new (
        settings: BackendSettings<infer Options>,
      ) => AnyBackend
    ? Options
    : Reference extends AnyBackend
      ? never
      : object;

/** `PUSH_SERVER` for one backend. */
export type SettingsOf<Reference extends BackendReference> = ServiceSettings &
  Credentials & { backend: Reference; options?: OptionsOf<Reference> | undefined };
