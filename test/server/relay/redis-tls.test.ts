import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, test, vi } from 'vitest';
import { DeliveryError } from '../../../src/core/report.js';
import { openTransport } from '../../../src/server/relay/redis/open-transport.js';
import { failureOf } from '../../support/failure-of.js';
import { freePort } from '../../support/ports.js';
import { startRedis } from '../../support/redis.js';
import { withRedis } from '../../support/with-redis.js';
import { opened, RecordingHost } from './support/relay-host.js';

const folder = join(import.meta.dirname, '../../support/tls');
const [certificate, key] = [join(folder, 'localhost-cert.pem'), join(folder, 'localhost-key.pem')];
const ca = readFileSync(certificate, 'utf8');
const port = await freePort();

const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
const startWithTls = () => startRedis('--tls-port', String(port), ...files, '--tls-auth-clients', 'no');

await withRedis('the Redis transport over TLS', startWithTls, () => {
  const url = `rediss://localhost:${port}`;

  describe.each([
    ['ioredis', () => new Redis(url, { lazyConnect: true, tls: { ca } })],
    ['redis', () => createClient({ url, socket: { tls: true, ca } })],
  ] as const)('with a client of %s that trusts the certificate', (_, make) => {
    test('carries what is published', async () => {
      const { host, transport, publish } = await opened(make());
      const channel = transport.name(0, 'news');
      await transport.subscribe(0, [channel]);
      await publish(channel, 'hello');
      await vi.waitFor(() => expect(host.messages.map(({ payload }) => String(payload))).toEqual(['hello']));
    });
  });

  test('refuses a server whose certificate nobody has vouched for', async () => {
    const host = new RecordingHost();
    const error = await failureOf(DeliveryError, openTransport(url, host, { timeoutMs: 500 }));
    expect(error.message).toMatch(/certificate/i);
  });
});
