import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocketService } from '../../src/backends/websocket/index.js';
import { answering } from '../providers/faults.js';
import { startOneSignalProvider } from '../providers/onesignal-provider.js';
import { startPubNubProvider } from '../providers/pubnub-provider.js';

const keys = { appId: '1', pubKey: 'key', secretKey: 'secret-of-the-live-check' };

/** Runs the live check as `npm run test:live` does, with these variables and no others of its own. */
function live(variables: Record<string, string>): Promise<{ code: number | null; lines: string[] }> {
  const others = Object.entries(process.env).filter(([name]) => !/^(PUSH|PUBNUB|ONESIGNAL)/.test(name));
  const program = join(import.meta.dirname, 'main.ts');
  const flags = ['--experimental-strip-types', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, program], {
    env: { ...Object.fromEntries(others), ...variables },
    timeout: 15_000,
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, lines: printed.trimEnd().split('\n') }));
  });
}

test('says for each provider that it was skipped, and what would run it', async () => {
  expect(await live({})).toEqual({
    code: 0,
    lines: [
      'Pusher: skipped. It runs with PUSHER_URL; missing: PUSHER_URL.',
      'PubNub: skipped. It runs with PUBNUB_PUBLISH_KEY and PUBNUB_SUBSCRIBE_KEY; missing: PUBNUB_PUBLISH_KEY, PUBNUB_SUBSCRIBE_KEY.',
      'OneSignal: skipped. It runs with ONESIGNAL_APP_ID and ONESIGNAL_REST_KEY; missing: ONESIGNAL_APP_ID, ONESIGNAL_REST_KEY.',
      '3 skipped',
    ],
  });
});

test('fails when the variables of a provider are half set', async () => {
  const { code, lines } = await live({ PUBNUB_SECRET_KEY: 'x', ONESIGNAL_APP_ID: 'x', PUSHER_URL: ' ' });
  expect(code).toBe(1);
  expect(lines).toContain(
    'PubNub: half set. It runs with PUBNUB_PUBLISH_KEY and PUBNUB_SUBSCRIBE_KEY; missing: PUBNUB_PUBLISH_KEY, PUBNUB_SUBSCRIBE_KEY.',
  );
  expect(lines).toContain(
    'OneSignal: half set. It runs with ONESIGNAL_APP_ID and ONESIGNAL_REST_KEY; missing: ONESIGNAL_REST_KEY.',
  );
  expect(lines.at(-1)).toBe('1 skipped, 2 half set');
});

test('runs every step with the providers that the variables name, and shows no secret', async () => {
  const server = new WebSocketService({ ...keys, options: { port: 0, host: '127.0.0.1', closeTimeoutMs: 100 } });
  await server.open();
  const [pubnub, onesignal] = [await startPubNubProvider(), await startOneSignalProvider()];
  onTestFinished(async () => {
    for (const each of [server, pubnub, onesignal]) await each.close();
  });
  const { code, lines } = await live({
    PUSHER_URL: `http://${keys.pubKey}:${keys.secretKey}@127.0.0.1:${server.address?.port}/apps/${keys.appId}`,
    PUBNUB_PUBLISH_KEY: pubnub.settings.pubKey,
    PUBNUB_SUBSCRIBE_KEY: pubnub.settings.subKey,
    PUBNUB_SECRET_KEY: pubnub.settings.secretKey,
    PUBNUB_ORIGIN: pubnub.server.origin,
    ONESIGNAL_APP_ID: onesignal.settings.appId,
    ONESIGNAL_REST_KEY: onesignal.settings.secretKey,
    ONESIGNAL_EXTERNAL_ID: 'ann',
    ONESIGNAL_API_ROOT: onesignal.server.origin,
  });
  const text = lines.join('\n');
  expect(text).toMatch(/3 passed$/);
  expect(code).toBe(0);
  expect(lines.filter((line) => line.startsWith('  ok'))).toHaveLength(13);
  for (const secret of [keys.secretKey, ...pubnub.secrets, ...onesignal.secrets]) expect(text).not.toContain(secret);
  expect(onesignal.received.map(({ channel }) => channel)).toEqual(['ann']);
});

test('takes a recipient who is not subscribed for an answer', async () => {
  const onesignal = await startOneSignalProvider();
  onTestFinished(() => onesignal.close());
  const { code, lines } = await live({
    ONESIGNAL_APP_ID: onesignal.settings.appId,
    ONESIGNAL_REST_KEY: onesignal.settings.secretKey,
    ONESIGNAL_EXTERNAL_ID: 'stranger',
    ONESIGNAL_API_ROOT: onesignal.server.origin,
  });
  expect(lines.join('\n')).toContain('asked for a notification to one external id, who is not subscribed');
  expect(code).toBe(0);
});

test('fails with what failed when a key is refused, and goes on with the next provider', async () => {
  const onesignal = await startOneSignalProvider();
  onTestFinished(() => onesignal.close());
  onesignal.server.always = answering({ status: 403, body: { errors: ['no access'] } });
  const { code, lines } = await live({
    PUSHER_URL: `http://key:a-wrong-secret@127.0.0.1:${onesignal.server.port}/apps/1`,
    ONESIGNAL_APP_ID: onesignal.settings.appId,
    ONESIGNAL_REST_KEY: onesignal.settings.secretKey,
    ONESIGNAL_API_ROOT: onesignal.server.origin,
  });
  const text = lines.join('\n');
  expect(text.match(/^ {2}FAILED {2}DeliveryError: .*403/gm)).toHaveLength(2);
  expect(text).toMatch(/2 failed, 1 skipped$/);
  expect(text).not.toContain('a-wrong-secret');
  expect(code).toBe(1);
});
