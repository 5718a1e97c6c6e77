// The list of built-in backends: one line each, NAME and CLASS, both as they are written. The settings, their types, DSNs, entries of the
// package, the README's table and the names of the client's drivers follow from it: add a line, then `npm run generate`. No SDK is loaded.
export { WebSocketService as websocket } from './websocket/index.js';
export { PusherService as pusher } from './pusher/index.js';
export { PubNubService as pubnub } from './pubnub/index.js';
export { OneSignalService as onesignal } from './onesignal/index.js';
export { ConsoleService as console } from './console/index.js';
export { FailoverService as failover } from './composite/failover.js';
export { RoundRobinService as roundrobin } from './composite/roundrobin.js';
export { FanoutService as fanout } from './composite/fanout.js';
