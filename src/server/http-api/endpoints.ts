import { channelNameProblem } from '../../pusher-protocol/names.js';
import { HttpError } from '../../web/http-error.js';
import { isRecord } from '../../wire/is-record.js';
import type { App } from '../app.js';
import { listChannels, listUsers, showChannel } from './channels.js';
import { trigger, triggerBatch } from './trigger.js';

/** A request to an endpoint. Its signature has been checked. */
interface ApiCall {
  readonly app: App;
  readonly parameters: URLSearchParams;
  /** The JSON of the body; undefined without a body. */
  readonly body: unknown;
}

/**
 * An endpoint. The object that it returns becomes the answer's JSON. It throws an `HttpError` for what is refused, and
 * a `PushError` for what could not be done.
 */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  answer(call: ApiCall): Promise<object>;
}

/** Finds the endpoint by the path's segments after `/apps/:id`, already decoded. */
export function findEndpoint(segments: readonly string[]): Endpoint | undefined {
  const [kind = '', name = '', detail = ''] = segments;
  const path = `${segments.length}/${kind}/${detail}`;
  if (path === '1/events/')
    return { method: 'POST', answer: ({ app, body, parameters }) => trigger(app, body, parameters) };
  if (path === '1/batch_events/') return { method: 'POST', answer: ({ app, body }) => triggerBatch(app, body) };
  if (path === '1/connections/')
    return { method: 'GET', answer: async ({ app }) => ({ connections: await app.overview.connections() }) };
  if (path === '1/channels/') return { method: 'GET', answer: ({ app, parameters }) => listChannels(app, parameters) };
  if (path === '2/channels/')
    return {
      method: 'GET',
      answer: async ({ app, parameters }) => showChannel(app, checkedName(app, name), parameters),
    };
  if (path === '3/channels/users')
    return { method: 'GET', answer: async ({ app }) => listUsers(app, checkedName(app, name)) };
  if (path === '2/connections/')
    return name === 'disconnect' ? { method: 'POST', answer: ({ app, body }) => disconnect(app, body) } : undefined;
  if (path === '3/users/terminate_connections')
    return { method: 'POST', answer: ({ app }) => terminateConnections(app, name) };
  return undefined;
}

function checkedName({ channelName }: App, name: string): string {
  const problem = channelNameProblem(name, channelName);
  if (problem !== undefined) throw new HttpError(400, `${problem}.`);
  return name;
}

/** Answers `POST /apps/:id/users/:id/terminate_connections`. */
async function terminateConnections(app: App, userId: string): Promise<object> {
  await app.request({ do: 'disconnectUser', userId });
  return {};
}

/**
 * Answers `POST /apps/:id/connections/disconnect`, which Pusher does not have: ends the connections of a user or a
 * session, whose clients reconnect and ask anew.
 */
async function disconnect(app: App, body: unknown): Promise<object> {
  const { user_id: userId, session_channel: sessionChannel } = isRecord(body) ? body : {};
  const [named, ...further] = [userId, sessionChannel].filter((value) => value !== undefined);
  if (typeof named !== 'string' || named === '' || further.length > 0)
    throw new HttpError(400, 'The body must have either a "user_id" or a "session_channel", which is a text.');
  const owner = userId === undefined ? { sessionChannel: named } : { userId: named };
  return { connections: await app.request({ do: 'sendAway', owner }) };
}
