import {
  type AddressedMessage,
  type BackendCapabilities,
  type BackendSettings,
  type ChannelResult,
  type OutgoingMessage,
  PushServiceWrapper,
  type RequestContext,
} from '../../src/index.js';

/** One call of the backend. */
export interface RecordedRequest {
  readonly method: 'sendData' | 'sendBatch' | 'sendMessages';
  readonly messages: readonly AddressedMessage[];
  readonly channels: readonly string[];
  readonly message: OutgoingMessage;
  readonly signal: AbortSignal;
}

/** What the backend answers a request with; what it throws, the request throws. */
export type Answer = (request: RecordedRequest, index: number) => unknown;

/** A backend that notes each request and answers as it is told. One channel and one message a request, unless `limits` says otherwise. */
export class RecordingBackend extends PushServiceWrapper<undefined, object> {
  readonly requests: RecordedRequest[] = [];
  readonly calls: string[] = [];
  answer: Answer = () => undefined;
  /** Requests that are not answered yet, and the most that there were at once. */
  pending = 0;
  mostPending = 0;
  readonly #limits: Partial<BackendCapabilities>;

  constructor(limits: Partial<BackendCapabilities> = {}, settings: BackendSettings<object> = {}) {
    super(settings);
    this.#limits = limits;
  }

  override get name(): string {
    return 'recording';
  }

  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, maxChannelsPerRequest: 1, maxMessagesPerRequest: 1, except: true, ...this.#limits };
  }

  /** The channels of each request. */
  get sent(): readonly (readonly string[])[] {
    return this.requests.map((request) => request.channels);
  }

  protected override sendData(channel: string, message: OutgoingMessage, { signal }: RequestContext): Promise<unknown> {
    return this.#record('sendData', [{ channel, message }], signal);
  }

  protected override sendBatch(
    channels: readonly string[],
    message: OutgoingMessage,
    { signal }: RequestContext,
  ): Promise<ChannelResult[]> {
    return this.#record(
      'sendBatch',
      channels.map((channel) => ({ channel, message })),
      signal,
    );
  }

  protected override sendMessages(
    messages: readonly AddressedMessage[],
    { signal }: RequestContext,
  ): Promise<ChannelResult[]> {
    return this.#record('sendMessages', messages, signal);
  }

  override async subscribe(channel: string): Promise<void> {
    this.calls.push(`subscribe ${channel}`);
  }

  override async unsubscribe(channel: string): Promise<void> {
    this.calls.push(`unsubscribe ${channel}`);
  }

  override async open(): Promise<void> {
    this.calls.push('open');
  }

  override async close(): Promise<void> {
    this.calls.push('close');
  }

  async #record(
    method: RecordedRequest['method'],
    messages: readonly AddressedMessage[],
    signal: AbortSignal,
  ): Promise<ChannelResult[]> {
    const [first] = messages;
    if (first === undefined) throw new Error('a request without a channel');
    const request = {
      method,
      messages,
      channels: messages.map(({ channel }) => channel),
      message: first.message,
      signal,
    };
    this.mostPending = Math.max(this.mostPending, ++this.pending);
    this.requests.push(request);
    try {
      return (await this.answer(request, this.requests.length - 1)) as ChannelResult[];
    } finally {
      this.pending--;
    }
  }
}
