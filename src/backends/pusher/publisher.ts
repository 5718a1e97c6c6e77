import { setImmediate } from 'node:timers/promises';
import { isEncrypted, SERVER_TO_USER_PREFIX, userOfChannel } from '../../pusher-protocol/names.js';
import { isRecord } from '../../wire/is-record.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { ChannelResult, RequestContext } from '../contract/request.js';
import { attributesAsked, attributesByChannel, attributesTold, type ChannelAttributes } from './channel-attributes.js';
import type { PusherBatchEvent, PusherClient, PusherResponse } from './client.js';
import { plainData } from './encryption.js';
import { type PusherRequests, parsed } from './requests.js';

/** Publishes events. */
export class Publisher {
  readonly #api: PusherClient;
  readonly #requests: PusherRequests;
  /** Where a message was accepted while the rest of its batch is under way, by channel: a retry leaves that out. */
  readonly #accepted = new WeakMap<OutgoingMessage, Map<string, ChannelResult>>();
  #encrypting: Promise<void> = Promise.resolve();

  constructor(api: PusherClient, requests: PusherRequests) {
    this.#api = api;
    this.#requests = requests;
  }

  /** One message to several channels, or to one of any kind. */
  async trigger(
    channels: readonly string[],
    message: OutgoingMessage,
    { signal }: RequestContext,
  ): Promise<ChannelResult[]> {
    const [channel = ''] = channels;
    if (channels.length === 1 && userOfChannel(channel) !== undefined) {
      await this.#requests.text(() => this.#triggerUser(channel, message), { signal });
      return [{ channel }];
    }
    const parameters = parametersOf(message);
    const data = channels.length === 1 ? dataFor(channel, message) : message.payload;
    const work = (): Promise<PusherResponse> => this.#api.trigger([...channels], message.event, data, parameters);
    const text = await this.#requests.text(work, { signal });
    if (parameters.info === undefined) return channels.map((name) => ({ channel: name }));
    // The status says that the event was accepted: attributes that cannot be read do not change that.
    const told = attributesByChannel(parsed(text));
    return channels.map((name) => withInfo(name, told.get(name)));
  }

  /** Different messages: all in one request, but for those to users, which the service takes one by one. */
  async batch(messages: readonly AddressedMessage[], context: RequestContext): Promise<ChannelResult[]> {
    const shared = messages.filter(({ channel }) => userOfChannel(channel) === undefined);
    if (shared.length === messages.length) return this.#triggerBatch(shared, context);
    const users = messages.filter(({ channel }) => userOfChannel(channel) !== undefined);
    const results = new Map<AddressedMessage, ChannelResult>();
    // In turn, because the whole of it is one request to the delivery stage, which bounds how many are in flight.
    for (const part of [shared, ...users.map((addressed) => [addressed])]) {
      const found = await this.#part(part, context);
      for (const [index, addressed] of part.entries())
        results.set(addressed, found[index] ?? { channel: addressed.channel });
    }
    for (const { channel, message } of messages) this.#accepted.get(message)?.delete(channel);
    return messages.map((addressed) => results.get(addressed) ?? { channel: addressed.channel });
  }

  /** One request of a batch that takes several. */
  async #part(messages: readonly AddressedMessage[], context: RequestContext): Promise<readonly ChannelResult[]> {
    const before = messages.flatMap(({ channel, message }) => this.#accepted.get(message)?.get(channel) ?? []);
    if (before.length === messages.length) return before;
    let results: readonly ChannelResult[];
    try {
      results = await this.#request(messages, context);
    } catch (error) {
      if (context.signal.aborted || !(error instanceof Error)) throw error;
      return messages.map(({ channel }) => ({ channel, error }));
    }
    for (const [index, { channel, message }] of messages.entries()) {
      const accepted = this.#accepted.get(message) ?? new Map<string, ChannelResult>();
      this.#accepted.set(message, accepted.set(channel, results[index] ?? { channel }));
    }
    return results;
  }

  #request(messages: readonly AddressedMessage[], context: RequestContext): Promise<ChannelResult[]> {
    const [first] = messages;
    return first !== undefined && userOfChannel(first.channel) !== undefined
      ? this.trigger([first.channel], first.message, context)
      : this.#triggerBatch(messages, context);
  }

  async #triggerBatch(messages: readonly AddressedMessage[], { signal }: RequestContext): Promise<ChannelResult[]> {
    if (messages.some(({ channel }) => isEncrypted(channel))) await this.#turnToEncrypt();
    // Made anew for each attempt, because the SDK encrypts within it.
    const batch = messages.map(
      ({ channel, message }): PusherBatchEvent => ({
        channel,
        name: message.event,
        data: dataFor(channel, message),
        ...parametersOf(message),
      }),
    );
    const isAsking = batch.some(({ info }) => info !== undefined);
    const text = await this.#requests.text(() => this.#api.triggerBatch(batch), { signal });
    const answer = isAsking ? parsed(text) : undefined;
    const told: unknown = isRecord(answer) ? answer['batch'] : undefined;
    return messages.map(({ channel, message }, index) =>
      parametersOf(message).info !== undefined && Array.isArray(told)
        ? withInfo(channel, attributesTold(told[index]))
        : { channel },
    );
  }

  /** The SDK takes some milliseconds to encrypt a batch: several of them would keep others waiting for too long. */
  #turnToEncrypt(): Promise<void> {
    this.#encrypting = this.#encrypting.then(() => setImmediate());
    return this.#encrypting;
  }

  #triggerUser(channel: string, { event, payload, except }: OutgoingMessage): Promise<PusherResponse> {
    if (except === undefined) return this.#api.sendToUser(channel.slice(SERVER_TO_USER_PREFIX.length), event, payload);
    const body = { name: event, data: payload, channels: [channel], socket_id: except };
    return this.#api.post({ path: '/events', body });
  }
}

/** The SDK writes what it encrypts as JSON itself. */
function dataFor(channel: string, { payload }: OutgoingMessage): unknown {
  return isEncrypted(channel) ? plainData(payload) : payload;
}

function parametersOf({ except, backendOptions }: OutgoingMessage): { socket_id?: string; info?: string } {
  const info = attributesAsked(backendOptions?.['info']);
  return { ...(except !== undefined && { socket_id: except }), ...(info !== undefined && { info }) };
}

function withInfo(channel: string, told: ChannelAttributes | undefined): ChannelResult {
  return told === undefined || Object.keys(told).length === 0 ? { channel } : { channel, info: { ...told } };
}
