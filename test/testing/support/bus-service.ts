import {
  type AddressedMessage,
  AuthenticationError,
  type BackendCapabilities,
  type BackendMessageOptions,
  type BackendSettings,
  type ChannelAuthorization,
  type ChannelInfo,
  DeliveryError,
  type IncomingMessage,
  type OutgoingMessage,
  type PresenceMember,
  PushServiceWrapper,
  type RequestContext,
  type UserAuthentication,
  ValidationError,
  type WebhookEvent,
  type WebhookRequest,
} from '../../../src/index.js';
import type { ConformanceClient, ConformanceHarness, ProviderRecord } from '../../../src/testing/index.js';

type Record = ProviderRecord & IncomingMessage;
type Listener = (record: Record, except: string | undefined) => void;

/** A provider in memory that does everything. */
export class Bus {
  readonly records: Record[] = [];
  readonly members: Map<string, string[]> = new Map();
  readonly listeners: Set<Listener> = new Set();
  requests = 0;
  fault: 'refuse' | 'hang' | 'disconnect' | undefined;

  go(fault: Bus['fault']): void {
    this.fault = fault;
  }

  async publish(messages: readonly AddressedMessage[], signal: AbortSignal): Promise<void> {
    this.requests++;
    if (this.fault === 'refuse') throw new DeliveryError('the bus refuses', { outcome: 'rejected' });
    if (this.fault === 'hang')
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    if (this.fault === 'disconnect')
      throw Object.assign(new Error('the bus has gone'), { code: 'ECONNRESET', url: '/publish' });
    for (const { channel, message } of messages) {
      const { id, event, payload, except } = message;
      const record = { channel, event, data: JSON.parse(payload) as unknown, id };
      this.records.push(record);
      for (const listener of [...this.listeners]) listener(record, except);
    }
  }

  async join(channel: string, member?: PresenceMember): Promise<ConformanceClient> {
    const got: Record[] = [];
    const socketId = `1.${this.listeners.size}`;
    const listener: Listener = (record, except) => {
      if (record.channel === channel && except !== socketId) got.push(record);
    };
    this.listeners.add(listener);
    this.members.set(channel, [...(this.members.get(channel) ?? []), member?.id ?? '']);
    const close = (): void => void this.members.delete(channel);
    return { socketId, received: () => got, close };
  }
}

/** A backend that does everything right. Those of the tests do one thing wrong. */
export class BusService extends PushServiceWrapper<Bus> {
  readonly #listening = new Map<string, Listener>();

  constructor(settings: BackendSettings) {
    super(settings);
    this.api = this.options['bus'] as Bus;
  }

  override get capabilities(): BackendCapabilities {
    return {
      ...super.capabilities,
      maxChannelsPerRequest: 10,
      maxMessagesPerRequest: 5,
      keepsOrder: () => true,
      maxPayloadBytes: 1_000,
      channelName: { pattern: /^[a-z0-9-]+$/, maxLength: 50, allowed: 'a-z, 0-9 and -' },
      eventName: { pattern: /^[^\n]+$/, maxLength: 60, allowed: 'anything but line breaks' },
      except: true,
      idempotencyKey: true,
    };
  }

  protected override async sendData(channel: string, message: OutgoingMessage, context: RequestContext): Promise<void> {
    await this.sendBatch([channel], message, context);
  }

  protected override async sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    context: RequestContext,
  ): Promise<void> {
    await this.sendMessages(
      channels.map((channel) => ({ channel, message })),
      context,
    );
  }

  protected override async sendMessages(
    messages: readonly AddressedMessage[],
    { signal }: RequestContext,
  ): Promise<void> {
    await this.api.publish(messages, signal);
  }

  override checkMessage({ backendOptions = {} }: BackendMessageOptions): void {
    const [key] = Object.keys(backendOptions);
    if (key !== undefined) throw new ValidationError(`The bus has no option "${key}".`);
  }

  override async subscribe(channel: string): Promise<void> {
    if (this.#listening.has(channel)) return;
    const listener: Listener = (record) => {
      if (record.channel === channel) this.receive(record);
    };
    this.#listening.set(channel, listener);
    this.api.listeners.add(listener);
  }

  override async unsubscribe(channel: string): Promise<void> {
    const listener = this.#listening.get(channel);
    if (listener === undefined) return;
    this.#listening.delete(channel);
    this.api.listeners.delete(listener);
  }

  override authorizeChannel(socketId: string, channel: string): ChannelAuthorization {
    return { auth: `${socketId} may join ${channel}` };
  }

  override authenticateUser(socketId: string, user: { readonly id: string }): UserAuthentication {
    return { auth: `${socketId} is ${user.id}`, user_data: JSON.stringify(user) };
  }

  override async channelInfo(channel: string): Promise<ChannelInfo> {
    return { occupied: this.api.members.has(channel) };
  }

  override async channelUsers(channel: string): Promise<readonly string[]> {
    return this.api.members.get(channel) ?? [];
  }

  override parseWebhook({ headers, rawBody }: WebhookRequest): readonly WebhookEvent[] {
    if (headers.get('x-bus-signature') !== this.secretKey) throw new AuthenticationError('The webhook is not signed.');
    return JSON.parse(Buffer.from(rawBody).toString()) as WebhookEvent[];
  }

  override async close(): Promise<void> {
    for (const channel of [...this.#listening.keys()]) await this.unsubscribe(channel);
  }
}

/** @param Backend the backend, or one that does something wrong */
export function busHarness(Backend: typeof BusService = BusService): ConformanceHarness {
  return {
    waitMs: 60,
    quietMs: 2,
    create() {
      const bus = new Bus();
      return {
        settings: { backend: Backend, secretKey: 'a-secret-of-the-bus', options: { bus } },
        received: () => bus.records,
        requests: () => bus.requests,
        join: (channel, member) => bus.join(channel, member),
        faults: {
          refuse: () => bus.go('refuse'),
          hang: () => bus.go('hang'),
          disconnect: () => bus.go('disconnect'),
          recover: () => bus.go(undefined),
        },
      };
    },
  };
}
