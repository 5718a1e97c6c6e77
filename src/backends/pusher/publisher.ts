import { isEncrypted, SERVER_TO_USER_PREFIX, userOfChannel } from '../../channels-protocol/names.js';
import { isRecord } from '../../channels-protocol/parse-message.js';
import type { AddressedMessage, OutgoingMessage } from '../../message.js';
import type { ChannelResult, RequestContext } from '../request.js';
import { attributesAsked, attributesByChannel, attributesTold, type ChannelAttributes } from './channel-attributes.js';
import { plainData } from './encryption.js';
import type { PusherBatchEvent, PusherClient, PusherResponse } from './pusher-client.js';
import { type PusherRequests, parsed } from './pusher-requests.js';

/** Publishes events. */
export class Publisher {
  readonly #api: PusherClient;
  readonly #requests: PusherRequests;
  /** The users' channels that a message has reached while the rest of its batch is under way: a retry leaves them out. */
  readonly #reached = new WeakMap<OutgoingMessage, Set<string>>();

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
    const results = new Map<AddressedMessage, ChannelResult>();
    if (shared.length > 0) {
      const found = await settled(shared, context, () => this.#triggerBatch(shared, context));
      for (const [index, addressed] of shared.entries()) results.set(addressed, found[index] ?? addressed);
    }
    // In turn, because the whole of it is one request to the delivery stage, which bounds how many are in flight.
    for (const addressed of messages) {
      if (results.has(addressed)) continue;
      const [found = addressed] = await settled([addressed], context, () => this.#triggerUserOnce(addressed, context));
      results.set(addressed, found);
    }
    for (const { channel, message } of messages) this.#reached.get(message)?.delete(channel);
    return messages.map((addressed) => {
      const { channel, error, info } = results.get(addressed) ?? { channel: addressed.channel };
      return { channel, ...(error !== undefined && { error }), ...(info !== undefined && { info }) };
    });
  }

  async #triggerBatch(messages: readonly AddressedMessage[], { signal }: RequestContext): Promise<ChannelResult[]> {
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

  async #triggerUserOnce({ channel, message }: AddressedMessage, { signal }: RequestContext): Promise<ChannelResult[]> {
    const reached = this.#reached.get(message) ?? new Set();
    this.#reached.set(message, reached);
    if (!reached.has(channel)) await this.#requests.text(() => this.#triggerUser(channel, message), { signal });
    reached.add(channel);
    return [{ channel }];
  }

  #triggerUser(channel: string, { event, payload, except }: OutgoingMessage): Promise<PusherResponse> {
    if (except === undefined) return this.#api.sendToUser(channel.slice(SERVER_TO_USER_PREFIX.length), event, payload);
    const body = { name: event, data: payload, channels: [channel], socket_id: except };
    return this.#api.post({ path: '/events', body });
  }
}

/** What becomes of messages whose request fails, where others of the same attempt have requests of their own. */
async function settled(
  messages: readonly AddressedMessage[],
  { signal }: RequestContext,
  work: () => Promise<readonly ChannelResult[]>,
): Promise<readonly ChannelResult[]> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error;
    return messages.map(({ channel }) => ({ channel, error }));
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
