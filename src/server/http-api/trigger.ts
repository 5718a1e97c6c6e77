import { DeliveryError } from '../../core/report.js';
import { isMessageId } from '../../pusher-protocol/messages.js';
import { channelNameProblem, isSocketId, keepsTo } from '../../pusher-protocol/names.js';
import { HttpError } from '../../web/http-error.js';
import { isRecord } from '../../wire/is-record.js';
import type { App } from '../app.js';
import { attributesOf, parseInfo } from './channels.js';

/** An event that a request publishes. */
interface Trigger {
  readonly name: string;
  readonly data: string;
  readonly channels: readonly string[];
  /** The socket id of a connection that does not get the event. */
  readonly socketId: string | undefined;
  /** The id of a recorded message. The backend `remote` sends it; Pusher's own API knows no such key. */
  readonly id: string | undefined;
  /** The attributes of the channels that the answer has. */
  readonly info: ReadonlySet<string>;
}

/**
 * Answers `POST /apps/:id/events`.
 * @param parameters those of the query; they fill in what the body does not have
 */
export async function trigger(app: App, body: unknown, parameters: URLSearchParams): Promise<object> {
  const event = body === undefined || isRecord(body) ? { ...queryEvent(parameters), ...body } : body;
  const read = readTrigger(app, event);
  await publish(app, [read]);
  const { channels, info } = read;
  if (info.size === 0) return {};
  const asked = channels.map((name) => ({ name, info }));
  const attributes = await attributesOrNone(app, asked);
  return { channels: Object.fromEntries(asked.map(({ name }, index) => [name, attributes[index] ?? {}])) };
}

/** Answers `POST /apps/:id/batch_events`. All events are checked before the first is published. */
export async function triggerBatch(app: App, body: unknown): Promise<object> {
  const batch = isRecord(body) ? body['batch'] : undefined;
  if (!Array.isArray(batch)) throw new HttpError(400, 'The body needs a "batch", which is a list of events.');
  const { maxEventsPerBatch } = app.limits;
  if (batch.length > maxEventsPerBatch)
    throw new HttpError(400, `A batch has up to ${maxEventsPerBatch} events; this one has ${batch.length}.`);
  const triggers = batch.map((event: unknown) => readTrigger(app, event));
  await publish(app, triggers);
  if (triggers.every(({ info }) => info.size === 0)) return {};
  const asked = triggers.map(({ channels: [name = ''], info }) => ({ name, info }));
  const attributes = await attributesOrNone(app, asked);
  return { batch: asked.map((_, index) => attributes[index] ?? {}) };
}

/**
 * The attributes that were asked for with events that are published by now. Where other nodes cannot be asked, there
 * are none: an error would say that the events have to be sent again.
 */
async function attributesOrNone(app: App, asked: Parameters<typeof attributesOf>[1]): ReturnType<typeof attributesOf> {
  try {
    return await attributesOf(app, asked);
  } catch {
    return [];
  }
}

/**
 * Publishes the events of one request.
 * @throws DeliveryError which says `rejected` only when nothing was published
 */
async function publish(app: App, triggers: readonly Trigger[]): Promise<void> {
  const published = await Promise.all(
    triggers.map(({ channels, name, data, socketId, id }) =>
      app.publisher.publish(channels, name, data, socketId, id, id !== undefined),
    ),
  );
  const errors = published.flatMap((ofOne) => ofOne?.failures.map(({ error }) => error) ?? []);
  const [first] = errors;
  if (first === undefined) return;
  const channels = triggers.reduce((sum, trigger) => sum + trigger.channels.length, 0);
  const uncertain = errors.find(({ outcome }) => outcome === 'unknown');
  if (uncertain !== undefined || errors.length === channels) throw uncertain ?? first;
  throw new DeliveryError(`Of ${channels} channels, ${errors.length} did not get their event: ${first.message}`, {
    backend: 'websocket',
    retryable: true,
    outcome: 'unknown',
  });
}

/**
 * The event in a query, of which lists are repeated: `channels[]=a&channels[]=b`. Source: the HTTP API reference of
 * Channels, by which the parameters of a POST may be sent in the query.
 */
function queryEvent(parameters: URLSearchParams): Readonly<Record<string, unknown>> {
  const event: Record<string, unknown> = {};
  for (const name of ['name', 'data', 'channel', 'socket_id', 'info']) {
    const value = parameters.get(name);
    if (value !== null) event[name] = value;
  }
  const channels = [...parameters.getAll('channels[]'), ...parameters.getAll('channels')];
  if (channels.length > 0) event['channels'] = channels;
  return event;
}

function readTrigger(app: App, body: unknown): Trigger {
  if (!isRecord(body)) throw new HttpError(400, 'The event is not a JSON object.');
  const {
    name,
    data,
    channel,
    channels = channel === undefined ? undefined : [channel],
    socket_id: socketId,
    id,
    info,
  } = body;
  const { eventName, limits } = app;
  if (typeof name !== 'string' || !keepsTo(eventName, name)) {
    throw new HttpError(
      400,
      `The event needs a "name" of 1 to ${eventName.maxLength} characters: ${eventName.allowed}.`,
    );
  }
  if (typeof data !== 'string')
    throw new HttpError(400, 'The event needs "data", which is a text (for anything else, its JSON).');
  if (Buffer.byteLength(data) > limits.maxEventBytes)
    throw new HttpError(413, `The event's data is over ${limits.maxEventBytes} bytes.`);
  if (socketId !== undefined && socketId !== null && (typeof socketId !== 'string' || !isSocketId(socketId))) {
    throw new HttpError(400, 'The "socket_id" does not have the form 123.456.');
  }
  if (id !== undefined && !isMessageId(id))
    throw new HttpError(400, 'The "id" of a message is up to 64 letters, digits, "-" and "_".');
  return {
    name,
    data,
    id,
    channels: readChannels(app, channels),
    socketId: typeof socketId === 'string' ? socketId : undefined,
    info: parseInfo(info),
  };
}

function readChannels({ limits, channelName }: App, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new HttpError(400, 'The event needs "channels", a list of names, or "channel".');
  const { maxChannelsPerEvent } = limits;
  if (value.length > maxChannelsPerEvent)
    throw new HttpError(400, `An event goes to up to ${maxChannelsPerEvent} channels; this one to ${value.length}.`);
  const names = new Set<string>();
  for (const name of value) {
    const problem = channelNameProblem(name, channelName);
    if (problem !== undefined) throw new HttpError(400, `${problem}.`);
    names.add(name);
  }
  return [...names];
}
