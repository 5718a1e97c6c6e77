import type { OutgoingMessage } from '../../wire/message.js';
import { isPublic } from '../../wire/pusher-names.js';
import type { AboutBackend } from '../contract/about.js';
import type { BackendCapabilities } from '../contract/capabilities.js';
import type { BackendSettings } from '../contract/settings.js';
import { PushServiceWrapper } from '../contract/wrapper.js';
import { type ConsoleOptions, type ConsoleStream, checkOptions } from './options.js';

export type { ConsoleOptions, ConsoleStream } from './options.js';

/**
 * The `console` backend: prints each message, one line for each channel. It is for development and for tests. A channel
 * that this process has subscribed to receives each message as it is printed.
 */
export class ConsoleService extends PushServiceWrapper<ConsoleStream, ConsoleOptions> {
  /** @internal */
  static readonly about: AboutBackend = {
    purpose: 'development and tests: prints each message',
    clientDriver: 'console',
  };

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
    return { ...super.capabilities, except: true, isPublic, isDebug: true };
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
