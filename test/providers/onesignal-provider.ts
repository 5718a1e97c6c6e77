import { randomUUID } from 'node:crypto';
import { globalAgent } from 'node:https';
import type { OneSignalOptions } from '../../src/backends/onesignal/index.js';
import type { ProviderAnswer } from './provider-answer.js';
import { certificate, type ProviderRequest, ProviderServer } from './provider-server.js';
import { guessed, oneSignalAnswers } from './recorded-answers.js';

/** A notification as one recipient gets it. */
interface ReceivedNotification {
  readonly channel: string;
  readonly event: string;
  readonly data: unknown;
  /** The message's id. */
  readonly id: string;
}

/** What a notification's request holds. */
export type NotificationRequest = Readonly<Record<string, unknown>>;

/**
 * A local server that behaves like OneSignal's API, and how to reach it. `recorded-answers.ts` tells where the forms of
 * its answers come from.
 */
export interface OneSignalProvider {
  readonly server: ProviderServer;
  readonly settings: {
    readonly backend: 'onesignal';
    readonly appId: string;
    readonly secretKey: string;
    readonly useSsl: boolean;
    readonly options: OneSignalOptions & { readonly apiRoot: string };
  };
  /** One for each recipient, in order. What is scheduled is not received. */
  readonly received: readonly ReceivedNotification[];
  /** The notifications that were created, by id. */
  readonly notifications: ReadonlyMap<string, NotificationRequest>;
  /** What must never show anywhere. */
  readonly secrets: readonly string[];
  close(): Promise<void>;
}

const legacyKey = 'NGEwMGZmMjItY2NkNy0xMWUzLTk5ZDUtMDAwYzI5NDBlNjJj';
const newKey = 'os_v2_app_k4n5rq3xzvdzrhaaxw6q4pm3jq7f2a5ycuyelr2m6w5tnh';
const uuid = /^[\da-f]{8}-[\da-f]{4}-[34][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
const targetings = ['include_aliases', 'include_subscription_ids', 'included_segments', 'filters'];
const deprecated = ['include_player_ids', 'include_external_user_ids'];

/**
 * Starts the server. What a recipient's name begins with tells what devices it has: `stranger` none, `opted-out` two
 * that have opted out, `two-phones` one that has opted out and one that gets the notification. Subscriptions that begin
 * with `dead` have opted out.
 * @param options `tls`: over HTTPS, which the process then trusts; `key`: the kind of REST API key
 */
export async function startOneSignalProvider(
  options: { tls?: boolean; key?: 'new' | 'legacy' } = {},
): Promise<OneSignalProvider> {
  const { tls = false, key = 'new' } = options;
  const appId = randomUUID();
  const secretKey = key === 'new' ? newKey : legacyKey;
  const authorization = `${key === 'new' ? 'Key' : 'Basic'} ${secretKey}`;
  const received: ReceivedNotification[] = [];
  const notifications = new Map<string, NotificationRequest>();
  const answers = new Map<string, ProviderAnswer>();

  function create(text: string): ProviderAnswer {
    const request = JSON.parse(text) as NotificationRequest;
    if (request['app_id'] !== appId) return refusal(400, `app_id not found. You may have a typo.`);
    if (!targetings.some((key) => key in request)) return oneSignalAnswers.noTargeting;
    const wrong = problemOf(request);
    if (wrong !== undefined) return refusal(400, wrong);
    const idempotencyKey = String(request['idempotency_key']);
    const answer = answers.get(idempotencyKey) ?? deliver(request, idempotencyKey);
    answers.set(idempotencyKey, answer);
    return answer;
  }

  function deliver(request: NotificationRequest, idempotencyKey: string): ProviderAnswer {
    const { data, send_after: sendAfter } = request as { data: ReceivedNotification; send_after?: string };
    const recipients = recipientsOf(request);
    const reached = recipients.filter(isReached);
    const errors = optedOut(request, recipients);
    const { nobodySubscribed } = oneSignalAnswers;
    if (reached.length === 0) return errors === undefined ? nobodySubscribed : { body: { id: '', errors } };
    const id = randomUUID();
    notifications.set(id, request);
    for (const channel of sendAfter === undefined ? reached : [])
      received.push({ channel, event: data.event, data: data.data, id: data.id });
    return { body: { id, external_id: idempotencyKey, ...(errors && { errors }) } };
  }

  function one(method: string, id: string): ProviderAnswer {
    const found = notifications.get(id);
    if (found === undefined) return oneSignalAnswers.unknownNotification;
    if (method === 'GET') return { body: { id, app_id: appId, successful: 1, failed: 0, data: found['data'] } };
    if (found['send_after'] === undefined) return refusal(400, 'Notification has already been sent to all recipients');
    notifications.delete(id);
    return { body: { success: true } };
  }

  function behave({ method, path, headers, query, body }: ProviderRequest): ProviderAnswer {
    if (headers.authorization !== authorization) return oneSignalAnswers.wrongKey;
    if (method === 'POST' && path === '/notifications') return create(body);
    const id = /^\/notifications\/([^/]+)$/.exec(path)?.[1];
    if (id === undefined || query.get('app_id') !== appId) return refusal(404, 'Not found');
    return one(method, id);
  }

  const server = await ProviderServer.start(behave, { tls });
  const trusted = globalAgent.options.ca;
  // The SDK takes neither an agent nor a certificate.
  if (tls) globalAgent.options.ca = certificate;
  return {
    server,
    settings: { backend: 'onesignal', appId, secretKey, useSsl: tls, options: { apiRoot: server.origin } },
    received,
    notifications,
    secrets: [secretKey],
    close: async () => {
      if (tls) {
        globalAgent.options.ca = trusted;
        globalAgent.destroy();
      }
      await server.close();
    },
  };
}

/** A refusal in OneSignal's form, with words of our own. */
function refusal(status: number, reason: string): ProviderAnswer {
  return guessed({ status, body: { errors: [reason] } });
}

/** What OneSignal would not take. */
function problemOf(request: NotificationRequest): string | undefined {
  const used = targetings.filter((key) => request[key] !== undefined);
  if (used.length !== 1) return 'You must include exactly one kind of targeting.';
  if (deprecated.some((key) => key in request)) return 'The targeting is deprecated.';
  if ('include_aliases' in request && request['target_channel'] !== 'push') return 'target_channel is required.';
  const recipients = recipientsOf(request);
  if (recipients.length === 0 || recipients.length > 20_000) return 'The limit is 20000 recipients.';
  if (!recipients.every((name) => typeof name === 'string' && name !== '')) return 'Recipients must be strings.';
  if (Buffer.byteLength(JSON.stringify(request['data'])) > 2048) return 'Data must be no more than 2048 bytes long';
  if (!uuid.test(String(request['idempotency_key']))) return 'idempotency_key must be a UUID';
  return problemOfTexts(request);
}

function problemOfTexts(request: NotificationRequest): string | undefined {
  const { contents, headings } = request as { contents?: object; headings?: object };
  if (contents === undefined) {
    const needsNone = request['content_available'] === true || request['template_id'] !== undefined;
    return needsNone ? undefined : 'Notification contents must not be null for any languages.';
  }
  if (!('en' in contents)) return 'Message Notifications must have English language content';
  const isSame = headings === undefined || `${Object.keys(headings)}` === `${Object.keys(contents)}`;
  return isSame ? undefined : 'Notification headings must be in the languages of the contents.';
}

function recipientsOf(request: NotificationRequest): readonly string[] {
  const aliases = Object.values((request['include_aliases'] as object | undefined) ?? {});
  const lists = [aliases, request['include_subscription_ids'], request['included_segments']];
  return lists.flat(2).filter((name) => name !== undefined) as string[];
}

function isReached(recipient: string): boolean {
  return !/^(?:stranger|opted-out|dead)/.test(recipient);
}

/** Names each recipient once for each of its subscriptions that has opted out. Strangers are not named. */
function optedOut(request: NotificationRequest, recipients: readonly string[]): object | undefined {
  const names = recipients.flatMap((name) =>
    name.startsWith('opted-out') ? [name, name] : /^(?:two-phones|dead)/.test(name) ? [name] : [],
  );
  if (names.length === 0) return undefined;
  if (!('include_aliases' in request)) return { invalid_player_ids: names };
  const [label = ''] = Object.keys(request['include_aliases'] as object);
  return { invalid_aliases: { [label]: names } };
}
