import { type AuthorizationHost, listenerOf } from '../authorization/decision.js';
import { checkChannels, checkListening, ListeningRefusedError } from '../authorization/listening.js';
import type { AppUser } from '../authorization/requests.js';
import { readStreamToken, signStreamToken, type TokenGrant } from '../authorization/stream-token.js';
import { answerFrom, NOT_DISCONNECTED } from '../backends/contract/ask.js';
import type { Listener, ListenRequest } from '../backends/contract/listening.js';
import { checkOptionNames } from '../core/call-options.js';
import {
  AuthenticationError,
  ConfigurationError,
  PushError,
  UnsupportedOperationError,
  ValidationError,
} from '../core/errors.js';
import type { StreamReader, Streams } from '../receiving/streams.js';
import type { PushSession } from '../sessions/adapter.js';
import { checkOwner, isSession, type PageOwner } from '../sessions/page-owner.js';
import { userIdOf } from '../sessions/user-id.js';

/** Asks for a stream of messages. Only `channels` and `token` may come from the client. */
export interface StreamRequest extends ListenRequest {
  /** The channels to hear, 1 to 100. With a `token`, none stands for all of its channels. */
  readonly channels: readonly string[];
  readonly user?: AppUser | null | undefined;
}

/** A stream that is open. */
export interface OpenStream {
  readonly channels: readonly string[];
  /** Ends it, without a call of `end`. A second time changes nothing. */
  close(): void;
}

/** What a token of `PushService.streamToken` allows, and to whom. */
export interface StreamTokenOptions {
  /** The channels that it is for, 1 to 100. */
  readonly channels: string | readonly string[];
  /** The user who is logged in. A log-out of the user ends what the token has opened. */
  readonly user?: AppUser | null | undefined;
  /** The session of the page. A log-out of the session ends what the token has opened. */
  readonly session?: PushSession | undefined;
  /** How long the token may be used, in milliseconds, 3 600 000 at most. What it has opened goes on. @default 60 000 */
  readonly expiresIn?: number | undefined;
  /** The web `Request` that rules get. */
  readonly request?: Request | undefined;
}

/** The parts of a configured service that let pages listen. */
export interface ListeningHost extends AuthorizationHost {
  readonly streams: Streams;
  /** The setting `streamSecret`. */
  readonly streamSecret: string | undefined;
}

/** Leave to hear channels. */
export interface Leave {
  readonly channels: readonly string[];
  readonly listener: Listener;
}

/**
 * Decides whether somebody may hear channels without a connection of the provider's protocol: by a token, else by the
 * rules.
 * @throws ValidationError for a wrong channel; AuthenticationError with the status 401 or 403
 */
export async function mayListen(request: ListenRequest, host: ListeningHost): Promise<Leave> {
  const { streams } = host;
  const { askedAt = Date.now() } = request;
  if (request.token !== undefined) return byToken(request.channels, request.token, host);
  const channels = checkChannels(request.channels, host.backend);
  const visitor = { ...request, user: request.user as AppUser };
  const listener = listenerOf(visitor, host);
  await checkListening(channels, visitor, host);
  // The rule, and the look-up of the user, may have taken a while.
  if (streams.isLoggedOutSince(listener, askedAt)) throw loggedOut();
  return { channels, listener };
}

function byToken(asked: readonly string[], token: string, host: ListeningHost): Leave {
  const { backend, streams } = host;
  const secret = knownSecret(host);
  // What a client sends is no mistake of the settings.
  if (secret === undefined) throw new AuthenticationError('The "token" is not valid.', { status: 401 });
  const { channels: granted, issuedAt, ...listener }: TokenGrant = readStreamToken(token, secret);
  const channels = checkChannels(asked.length === 0 ? granted : asked, backend);
  const refused = channels.filter((channel) => !granted.includes(channel));
  if (refused.length > 0) {
    const text = `The "token" is not for ${refused.map((channel) => JSON.stringify(channel)).join(', ')}.`;
    throw new ListeningRefusedError(new AuthenticationError(text, { status: 403 }), refused);
  }
  if (streams.isLoggedOutSince(listener, issuedAt)) throw loggedOut();
  return { channels, listener };
}

function loggedOut(): AuthenticationError {
  return new AuthenticationError('Nobody is logged in any more.', { status: 401 });
}

/**
 * Opens a stream.
 * @throws UnsupportedOperationError when the backend cannot subscribe; what {@link mayListen} throws; PushError when
 * the subscription fails
 */
export async function openStream(
  request: ListenRequest,
  reader: StreamReader,
  host: ListeningHost,
): Promise<OpenStream> {
  const { backend, streams } = host;
  if (!backend.capabilities.subscribe)
    throw new UnsupportedOperationError(
      `The ${backend.name} backend cannot stream messages to pages: take one that can subscribe, such as websocket.`,
      { backend: backend.name },
    );
  const { channels, listener } = await mayListen(request, host);
  const stream = streams.begin(listener, reader);
  await streams.join(stream, channels);
  return stream;
}

/**
 * Makes a token, after the rules have allowed it.
 * @throws ValidationError for wrong options; AuthenticationError when the user may not; ConfigurationError without a
 * secret
 */
export async function streamToken(options: StreamTokenOptions, host: ListeningHost): Promise<string> {
  checkTokenOptions(options);
  const secret = knownSecret(host);
  if (secret === undefined)
    throw new ConfigurationError(
      `streamToken() has no secret to sign with, because the ${host.backend.name} backend has no "secretKey": set "streamSecret" in PUSH_SERVER.`,
      { backend: host.backend.name },
    );
  const { channels, listener } = await mayListen({ ...options, channels: [options.channels].flat() }, host);
  return signStreamToken({ channels, ...listener }, secret, options.expiresIn);
}

const tokenOptions = ['channels', 'user', 'session', 'expiresIn', 'request'];

function checkTokenOptions(options: unknown): void {
  checkOptionNames(options as object, tokenOptions, 'streamToken()');
  const { channels, session } = options as Partial<StreamTokenOptions>;
  const isList = Array.isArray(channels) && channels.every((name) => typeof name === 'string');
  if (typeof channels !== 'string' && !isList) throw tokenError('needs "channels", a name or a list of names.');
  if (session !== undefined && !isSession(session)) throw tokenError('got a "session" without a "channelId".');
}

function tokenError(problem: string): ValidationError {
  return new ValidationError(`streamToken() ${problem} Write streamToken({ user, channels: ['orders'] }).`);
}

/** The secret that signs tokens; undefined where there is none. */
function knownSecret({ streamSecret, backend }: ListeningHost): string | undefined {
  if (streamSecret !== undefined) return streamSecret;
  try {
    return backend.secretKey;
  } catch {
    return undefined;
  }
}

/**
 * Ends the connections and the streams of a user or a session, and the tokens that were made for them before.
 * @returns how many; undefined where the provider does not tell
 * @throws ValidationError for anything that is not a {@link PageOwner}; UnsupportedOperationError where the backend
 * cannot end connections: then the streams have ended; TimeoutError when it does not answer
 */
async function disconnect(owner: PageOwner<unknown>, host: ListeningHost): Promise<number | undefined> {
  checkOwner(owner, 'disconnect()');
  const { streams, sessions, backend, timeout } = host;
  const { user, session } = owner;
  const who: Listener =
    session === undefined ? { userId: userIdOf(user, sessions) } : { sessionChannel: session.channelId };
  const ended = streams.logOut(who);
  const kind = session === undefined ? 'user' : 'session';
  if (!backend.capabilities.disconnects.includes(kind)) throw cannotDisconnect(kind, backend.name);
  const failure = `end the connections of a ${kind}`;
  const closed = await answerFrom(backend, timeout, () => backend.disconnect(who), failure, NOT_DISCONNECTED);
  return closed === undefined ? undefined : ended + closed;
}

/**
 * Ends the connections of a user or a session with each backend that can. The rest is as for {@link disconnect}.
 * @throws UnsupportedOperationError when none can
 */
export async function disconnectAll(
  owner: PageOwner<unknown>,
  hosts: readonly ListeningHost[],
): Promise<number | undefined> {
  const ended = await Promise.allSettled(hosts.map((host) => disconnect(owner, host)));
  const failures = ended.filter((each) => each.status === 'rejected').map(({ reason }): unknown => reason);
  const failure =
    failures.length === hosts.length
      ? failures[0]
      : failures.find((error) => !PushError.is(error, UnsupportedOperationError));
  if (failure !== undefined) throw failure;
  const counts = ended.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  return counts.includes(undefined) ? undefined : counts.reduce((sum: number, count) => sum + (count ?? 0), 0);
}

function cannotDisconnect(kind: string, backend: string): UnsupportedOperationError {
  return new UnsupportedOperationError(
    `The ${backend} backend cannot end the connections of a ${kind}: they go on, and only streams of this process have ended. The backends websocket and remote can.`,
    { backend },
  );
}
