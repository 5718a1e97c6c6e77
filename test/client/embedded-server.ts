import PusherJs from 'pusher-js';
import { afterEach, beforeEach } from 'vitest';
import { createPushService, type PushService } from '../../src/index.js';
import { newServer } from '../support/nodes/nodes.js';

// Its types describe a module with a default export; what Node imports is the class itself.
export const Pusher: typeof PusherJs.default = PusherJs as unknown as typeof PusherJs.default;

/** A service with the embedded server, of as many nodes as the project of tests says. */
export async function embeddedService(port = 0): Promise<PushService> {
  const keys = { appId: 'app', pubKey: 'key', secretKey: 'secret' };
  return createPushService({ backend: await newServer(keys, { port, host: '127.0.0.1' }) });
}

/** For each test of a file, a service with the embedded server, which closes before what the test sets up. */
export function useEmbeddedServer(): () => PushService {
  let service: PushService;
  beforeEach(async () => {
    service = await embeddedService();
  });
  afterEach(() => service.close());
  return () => service;
}
