import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { listedBackends } from '../../scripts/registry.ts';
import {
  type BackendOf,
  type BackendReference,
  backendNames,
  isComposite,
  namedBackend,
  type OptionsOf,
} from '../../src/backends/built-in.js';
import type { FanoutService } from '../../src/backends/composite/fanout.js';
import type { AboutBackend } from '../../src/backends/contract/about.js';
import type { PubNubService } from '../../src/backends/pubnub/index.js';
import type { PusherOptions } from '../../src/backends/pusher/options.js';
import * as registry from '../../src/backends/registry.js';
import { type CompositeSettings, ConfigurationError, createPushService, PushServiceWrapper } from '../../src/index.js';
import type { WebSocketOptions } from '../../src/server/options.js';
import { failureOf } from '../support/failure-of.js';

const listed = listedBackends(join(import.meta.dirname, '../..')).map(({ name }) => name);
const classes: readonly (readonly [name: string, Class: { readonly about: AboutBackend }])[] = Object.entries(registry);
const credentials = { appId: randomUUID(), pubKey: 'public', subKey: 'subscribe', secretKey: 'secret' };

describe('the registry', () => {
  test('is read by tools as it is by the service', () => {
    expect([...listed].sort()).toEqual(Object.keys(registry).sort());
    expect(backendNames).toEqual([...listed].sort());
  });

  test.each(listed)('gives %s the name that the backend has itself', (name) => {
    const backends = [{ backend: 'console' as const }, { backend: 'console' as const }];
    const service = isComposite(name)
      ? createPushService({ backend: name as 'failover', options: { backends } })
      : createPushService({ backend: name as 'pusher', ...credentials });
    expect(service.backend.name).toBe(isComposite(name) ? `${name}(console, console)` : name);
    expect(service.backend.constructor).toBe(namedBackend(name));
  });

  test.each(classes)('names a driver of the client for %s, unless it is made of others', (name, { about }) => {
    expect(about.clientDriver === undefined).toBe(isComposite(name));
  });

  test('knows nothing by the names of what every object has', async () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(namedBackend(name)).toBeUndefined();
      expect(isComposite(name)).toBe(false);
      await failureOf(ConfigurationError, () => createPushService(`${name}://key:secret@app`));
    }
  });
});

test('the types of settings follow from the registry', () => {
  class Mine extends PushServiceWrapper<string, { depth: number }> {
    protected async sendData(): Promise<void> {}
  }
  expectTypeOf<Extract<BackendReference, keyof typeof registry>>().toEqualTypeOf<keyof typeof registry>();
  expectTypeOf<BackendOf<'pubnub'>>().toEqualTypeOf<PubNubService>();
  expectTypeOf<BackendOf<'fanout'>>().toEqualTypeOf<FanoutService>();
  expectTypeOf<BackendOf<typeof Mine>>().toEqualTypeOf<Mine>();
  expectTypeOf<BackendOf<Mine>>().toEqualTypeOf<Mine>();
  expectTypeOf<OptionsOf<'pusher'>>().toEqualTypeOf<PusherOptions>();
  expectTypeOf<OptionsOf<'websocket'>>().toEqualTypeOf<WebSocketOptions>();
  expectTypeOf<OptionsOf<'roundrobin'>>().toEqualTypeOf<CompositeSettings>();
  expectTypeOf<OptionsOf<typeof Mine>>().toEqualTypeOf<{ depth: number }>();
  expectTypeOf<OptionsOf<Mine>>().toBeNever();
  expectTypeOf<OptionsOf<'./my-service.js#Mine'>>().toEqualTypeOf<object>();
});
