import { z } from 'zod';
import { settingsCheck } from '../../core/schema-check.js';
import type { OutgoingMessage } from '../../wire/message.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendSettings } from '../contract/settings.js';
import { PushServiceWrapper } from '../contract/wrapper.js';

/** Where the console backend writes: `process.stdout`, or anything with such a `write`. */
export interface ConsoleStream {
  write(text: string): unknown;
}

/** Options of the console backend. */
export interface ConsoleOptions {
  /** `text` for people, `json` for one JSON object a line. @default 'text' */
  format?: 'text' | 'json' | undefined;
  /** @default process.stdout */
  stream?: ConsoleStream | undefined;
}

const checkOptions: (options: unknown) => ConsoleOptions = settingsCheck("The console backend's options", () =>
  z.strictObject({
    format: z.enum(['text', 'json']).optional(),
    stream: z.custom<ConsoleStream>(isStream, { error: 'must have a method write(text)' }).optional(),
  }),
);

function isStream(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function';
}

/**
 * Prints each message, one line for each channel: for development and for tests. What it prints goes back in
 * through `subscribe` in the same process.
 */
export class ConsoleService extends PushServiceWrapper<ConsoleStream, ConsoleOptions> {
  readonly #format: 'text' | 'json';
  readonly #subscribed = new Set<string>();

  /** @throws ConfigurationError for a wrong option */
  constructor(settings: BackendSettings<ConsoleOptions> = {}) {
    super(settings);
    const options = checkOptions(this.options);
    this.#format = options.format ?? 'text';
    this.api = options.stream ?? process.stdout;
  }

  override get name(): string {
    return 'console';
  }

  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, except: true };
  }

  protected async sendData(channel: string, message: OutgoingMessage): Promise<void> {
    this.api.write(`${this.#format === 'json' ? jsonLine(channel, message) : textLine(channel, message)}\n`);
    if (!this.#subscribed.has(channel)) return;
    const { id, event, data, notification } = message;
    this.receive({ channel, event, data, id, ...(notification && { notification }) });
  }

  override async subscribe(channel: string): Promise<void> {
    this.#subscribed.add(channel);
  }

  override async unsubscribe(channel: string): Promise<void> {
    this.#subscribed.delete(channel);
  }

  override async close(): Promise<void> {
    this.#subscribed.clear();
  }
}

function jsonLine(channel: string, { id, event, data, notification, except, backendOptions }: OutgoingMessage): string {
  return JSON.stringify({ channel, event, data, id, notification, except, backendOptions });
}

function textLine(channel: string, { event, data, notification, except, backendOptions }: OutgoingMessage): string {
  const details = [
    notification && `notification ${JSON.stringify(notification)}`,
    except !== undefined && `except ${JSON.stringify(except)}`,
    backendOptions && `backendOptions ${JSON.stringify(backendOptions)}`,
  ].filter(Boolean);
  return [`[push] ${channel}`, event, JSON.stringify(data), ...details].join('  ');
}
