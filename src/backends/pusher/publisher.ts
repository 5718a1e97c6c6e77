import { setImmediate } from 'node:timers/promises';
import { isEncrypted, SERVER_TO_USER_PREFIX, userOfChannel } from '../../pusher-protocol/names.js';
import { isRecord } from '../../wire/is-record.js';
import type { AddressedMessage, OutgoingMessage } from '../../wire/message.js';
import type { ChannelResult, RequestContext } from '../contract/request.js';
import { attributesAsked, attributesByChannel, attributesTold, type ChannelAttributes } from './channel-attributes.js';
import type { PusherBatchEvent, PusherClient, PusherResponse } from './client.js';
import { plainData } from './encryption.js';
import { type PusherRequests, parsed } from './requests.js';

/** Publishes events through the SDK. */
export class Publisher {
  readonly #api: PusherClient;
  readonly #requests: PusherRequests;
  /** The accepted channels of messages whose batch is still in progress. A retry does not send to them again. */
  readonly #accepted = new WeakMap<OutgoingMessage, Map<string, ChannelResult>>();
  #encrypting: Promise<void> = Promise.resolve();

  constructor(api: PusherClient, requests: PusherRequests) {
    this.#api = api;
    this.#requests = requests;
  }

  /** Sends one message to several channels, or to one channel of any kind. */
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
    // The status says that the event was accepted, even if the attributes cannot be read.
    const told = attributesByChannel(parsed(text));
    return channels.map((name) => withInfo(name, told.get(name)));
  }

  /** Sends different messages in one request. Messages to users need a request each. */
  async batch(messages: readonly AddressedMessage[], context: RequestContext): Promise<ChannelResult[]> {
    const shared = messages.filter(({ channel }) => userOfChannel(channel) === undefined);
    if (shared.length === messages.length) return this.#triggerBatch(shared, context);
    const users = messages.filter(({ channel }) => userOfChannel(channel) !== undefined);
    const results = new Map<AddressedMessage, ChannelResult>();
    // One after the other, because the delivery stage counts all of this as one request.
    for (const part of [shared, ...users.map((addressed) => [addressed])]) {
      const found = await this.#part(part, context);
      for (const [index, addressed] of part.entries())
        results.set(addressed, found[index] ?? { channel: addressed.channel });
    }
    for (const { channel, message } of messages) this.#accepted.get(message)?.delete(channel);
    return messages.map((addressed) => results.get(addressed) ?? { channel: addressed.channel });
  }

  /** Sends one of several requests of a batch. */
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
    if (messages.some(({ channel }) => isEncrypted(channel))) await this.#waitToEncrypt();
    // A new array for each attempt, because the SDK encrypts in it.
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

  /**
   * Waits between two encryptions. Each takes the SDK some milliseconds, and several at once would block the event loop
   * too long.
   */
  #waitToEncrypt(): Promise<void> {
    this.#encrypting = this.#encrypting.then(() => setImmediate());
    return this.#encrypting;
  }

  #triggerUser(channel: string, { event, payload, except }: OutgoingMessage): Promise<PusherResponse> {
    if (except === undefined) return this.#api.sendToUser(channel.slice(SERVER_TO_USER_PREFIX.length), event, payload);
    const body = { name: event, data: payload, channels: [channel], socket_id: except };
    return this.#api.post({ path: '/events', body });
  }
}

/** The data for the SDK. On an encrypted channel the SDK itself turns it into JSON. */
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
