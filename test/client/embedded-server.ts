import PusherJs from 'pusher-js';
import { afterEach, beforeEach } from 'vitest';
import { createPushService, type PushService } from '../../src/index.js';

// Its types describe a module with a default export; what Node imports is the class itself.
export const Pusher: typeof PusherJs.default = PusherJs as unknown as typeof PusherJs.default;

/** For each test of a file, a service with the embedded server, which closes before what the test sets up. */
export function useEmbeddedServer(): () => PushService {
  let service: PushService;
  beforeEach(() => {
    const options = { port: 0, host: '127.0.0.1' };
    service = createPushService({ backend: 'websocket', appId: 'app', pubKey: 'key', secretKey: 'secret', options });
  });
  afterEach(() => service.close());
  return () => service;
}
