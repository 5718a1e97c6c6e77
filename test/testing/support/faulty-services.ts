import {
  type AddressedMessage,
  AuthenticationError,
  type BackendCapabilities,
  type BackendHost,
  type ChannelAuthorization,
  type ChannelInfo,
  type ClientConfig,
  type EventParts,
  type OutgoingMessage,
  type RequestContext,
  type UserAuthentication,
} from '../../../src/index.js';
import { BusService } from './bus-service.js';

/** A backend whose every request goes through `change`. */
export function sending(
  change: (messages: readonly AddressedMessage[]) => readonly AddressedMessage[] | Promise<readonly AddressedMessage[]>,
): typeof BusService {
  return class extends BusService {
    protected override async sendMessages(
      messages: readonly AddressedMessage[],
      context: RequestContext,
    ): Promise<void> {
      await super.sendMessages(await change(messages), context);
    }
  };
}

/** With some parts of each message changed. */
export function changing(
  change: (addressed: AddressedMessage) => { channel?: string } & Partial<OutgoingMessage>,
): typeof BusService {
  return sending((messages) =>
    messages.map((addressed) => {
      const { channel = addressed.channel, ...parts } = change(addressed);
      const { id, event, data, payload } = addressed.message;
      return { channel, message: { id, event, data, payload, ...parts } };
    }),
  );
}

export class SwallowsErrors extends BusService {
  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    await super.sendMessages(messages, context).catch(() => undefined);
  }
}

export class TakesTheDeadlineForAnAnswer extends BusService {
  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    await super.sendMessages(messages, context).catch((error: unknown) => {
      throw new AuthenticationError('', { backend: 'another', cause: error });
    });
  }
}

export class NamesTheSecret extends BusService {
  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    const key = Buffer.from(this.secretKey).toString('base64');
    await super.sendMessages(messages, context).catch(() => {
      throw new Error(`Refused: authorization: Basic ${key}`);
    });
  }
}

export class LogsTheSecret extends BusService {
  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    this.logger.debug({ key: this.secretKey }, 'sending');
    await super.sendMessages(messages, context);
  }
}

export class TakesNewIds extends BusService {
  #attempts = 0;

  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    const number = ++this.#attempts;
    const renamed = messages.map(({ channel, message }) => {
      const { event, data, payload } = message;
      return { channel, message: { event, data, payload, id: `${number}` } };
    });
    await super.sendMessages(renamed, context);
  }
}

export class DropsWhatIsAlike extends BusService {
  readonly #sent = new Set<string>();

  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    const fresh = messages.filter(({ channel, message }) => !this.#sent.has(`${channel} ${message.payload}`));
    for (const { channel, message } of fresh) this.#sent.add(`${channel} ${message.payload}`);
    await super.sendMessages(fresh, context);
  }
}

export class SendsTheLatest extends BusService {
  #latest: readonly AddressedMessage[] = [];

  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    this.#latest = messages;
    await Promise.resolve();
    await super.sendMessages(this.#latest, context);
  }
}

export class SendsLater extends BusService {
  #timer: NodeJS.Timeout | undefined;

  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    this.#timer = setTimeout(() => void super.sendMessages(messages, context), 1);
  }

  override async close(): Promise<void> {
    clearTimeout(this.#timer);
    await super.close();
  }
}

export class RefusesKeys extends BusService {
  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    if (messages.some(({ message }) => message.idempotencyKey !== undefined)) throw new Error('what is this key?');
    await super.sendMessages(messages, context);
  }
}

export class StaysTied extends BusService {
  override connect(host: BackendHost): () => void {
    super.connect(host);
    return () => {};
  }
}

export class StaysHung extends BusService {
  #isHung = false;

  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    if (this.#isHung) throw new Error('still waiting for the first answer');
    this.#isHung = this.api.fault !== undefined;
    await super.sendMessages(messages, context);
  }
}

export class SubscribesTwice extends BusService {
  override async subscribe(channel: string): Promise<void> {
    this.api.listeners.add((record) => {
      if (record.channel === channel) this.receive(record);
    });
  }
}

export class HearsEverything extends BusService {
  override async subscribe(): Promise<void> {
    this.api.listeners.add((record) => this.receive(record));
  }
}

export class HearsTooMuch extends BusService {
  override async subscribe(channel: string): Promise<void> {
    this.api.listeners.add((record) => {
      if (record.channel.startsWith(channel)) this.receive({ ...record, channel });
    });
  }
}

export class GoesOnHearing extends BusService {
  override async unsubscribe(): Promise<void> {}
}

export class ForgetsHowToSubscribe extends BusService {
  #ended = new Set<string>();
  override async subscribe(channel: string): Promise<void> {
    if (!this.#ended.has(channel)) await super.subscribe(channel);
  }
  override async unsubscribe(channel: string): Promise<void> {
    this.#ended.add(channel);
    await super.unsubscribe(channel);
  }
}

export class HearsInReverse extends BusService {
  override async subscribe(channel: string): Promise<void> {
    const held: Parameters<BusService['receive']>[0][] = [];
    this.api.listeners.add((record) => {
      if (record.channel === channel) held.unshift(record);
      if (held.length === 5) for (const each of held) this.receive(each);
    });
  }
}

export class ChangesWhatComesIn extends BusService {
  override receive(message: Parameters<BusService['receive']>[0]): void {
    super.receive({ ...message, data: JSON.stringify(message.data) });
  }
}

export class OnlySubscribes extends BusService {
  override unsubscribe(channel: string): Promise<void> {
    throw new TypeError(`"${channel}"?`);
  }
}

export class SignsAlike extends BusService {
  override authorizeChannel(): ChannelAuthorization {
    return { auth: 'you may' };
  }
}

export class SignsInWithNothing extends BusService {
  override authenticateUser(): UserAuthentication {
    return { auth: '', user_data: '' };
  }
}

export class SeesNobody extends BusService {
  override async channelInfo(): Promise<ChannelInfo> {
    return { occupied: false };
  }
}

export class SeesSomebody extends BusService {
  override async channelInfo(): Promise<ChannelInfo> {
    return { occupied: true };
  }
}

export class PublishesItsKey extends BusService {
  override clientConfig(): Omit<ClientConfig, 'backend' | 'channels'> {
    return { key: Buffer.from(this.secretKey).toString('base64') };
  }
}

export class PrintsItsKey extends BusService {
  override toJSON(): object {
    return { key: this.secretKey };
  }
}

export class RefusesOptionsLate extends BusService {
  override checkMessage(): void {
    throw new TypeError('an option that nobody knows');
  }
}

export class CannotCloseTwice extends BusService {
  #isClosed = false;
  override async close(): Promise<void> {
    if (this.#isClosed) throw new Error('closed already');
    this.#isClosed = true;
  }
}

export class KeepsATimer extends BusService {
  readonly #timer = setInterval(() => undefined, 10);
  override async close(): Promise<void> {
    setTimeout(() => clearInterval(this.#timer), 300);
  }
}

export class BelongsToEveryone extends BusService {
  override connect(): () => void {
    return () => {};
  }
}

export class IsNameless extends BusService {
  override get name(): string {
    return '';
  }
}

export class ChangesItsMind extends BusService {
  #asked = 0;
  override get capabilities(): BackendCapabilities {
    return { ...super.capabilities, maxPayloadBytes: 1_000 + this.#asked++ };
  }
}

export class DropsNotifications extends BusService {
  override encode({ json }: EventParts): string {
    return json;
  }
}

export class HasNoExcept extends BusService {
  override get capabilities(): BackendCapabilities {
    return {
      ...super.capabilities,
      except: false,
      idempotencyKey: false,
      subscribe: false,
      authorize: false,
      authenticate: false,
      presence: false,
    };
  }
}

export class GoesOnWaiting extends BusService {
  protected override async sendMessages(messages: readonly AddressedMessage[], context: RequestContext): Promise<void> {
    if (this.api.fault === 'hang') setTimeout(() => {}, 1_000);
    await super.sendMessages(messages, context);
  }
}
