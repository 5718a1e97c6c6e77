import { createPushService, type MessageStore, type PushServerSettings } from 'pushrail';
import { onTestFinished } from 'vitest';
import { HttpBackend } from './processes/http-backend.js';
import type { Provider } from './provider.js';

/** A line that a service has logged. */
interface Line {
  readonly level: 'warn' | 'error';
  readonly text: string;
  readonly fields: Record<string, unknown>;
}

/** A service that sends to a provider of the tests, and what it has logged. It ends with the test. */
export function startService(
  provider: Provider,
  messages: MessageStore,
  settings: Omit<Partial<PushServerSettings>, 'backend' | 'messages'> = {},
): { readonly push: ReturnType<typeof createPushService>; readonly lines: Line[] } {
  const lines: Line[] = [];
  const noting =
    (level: Line['level']) =>
    (fields: object, text = ''): void =>
      void lines.push({ level, text, fields: fields as Record<string, unknown> });
  const push = createPushService({
    ...{
      backend: new HttpBackend({ port: provider.port }),
      messages,
      retries: 0,
      worker: { poll: '20ms', lease: '3s' },
    },
    logger: { debug() {}, info() {}, warn: noting('warn'), error: noting('error') },
    ...settings,
  });
  onTestFinished(() => push.close());
  return { push, lines };
}

/** Messages of one event, each for one channel. */
export function numbered(count: number): { event: string; channels: string[]; data: { number: number } }[] {
  return Array.from({ length: count }, (_, number) => ({
    event: 'n',
    channels: [`c${number % 10}`],
    data: { number },
  }));
}
