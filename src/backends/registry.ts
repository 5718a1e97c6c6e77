// The built-in backends, one line each: the class, and its name in PUSH_SERVER. Every other list of backends follows
// from these lines: the names, types and DSNs of settings at once, and the rest by `npm run generate`. None of these
// modules loads an SDK.
export { WebSocketService as websocket } from './websocket/index.js';
export { RemoteWebSocketService as remote } from './remote/index.js';
export { PusherService as pusher } from './pusher/index.js';
export { PubNubService as pubnub } from './pubnub/index.js';
export { OneSignalService as onesignal } from './onesignal/index.js';
export { ConsoleService as console } from './console/index.js';
export { FailoverService as failover } from './composite/failover.js';
export { RoundRobinService as roundrobin } from './composite/roundrobin.js';
export { FanoutService as fanout } from './composite/fanout.js';
