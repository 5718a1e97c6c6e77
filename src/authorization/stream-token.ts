import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Listener } from '../backends/contract/listening.js';
import { AuthenticationError, ValidationError } from '../core/errors.js';

/** Default lifetime of a token, in milliseconds. */
const DEFAULT_LIFETIME_MS = 60_000;
/** Longest lifetime of a token, in milliseconds: it stands in an address, which others may see. */
const MAX_LIFETIME_MS = 3_600_000;
/** Longest token, in characters: an address with a longer one would not fit into the request of many servers. */
const MAX_LENGTH = 4096;

/** Begins the signed text, so that no other signature by the same secret is one of a token. */
const PURPOSE = 'pushrail stream token\n';

/** What a token allows. */
export interface TokenGrant extends Listener {
  readonly channels: readonly string[];
  /** When it was made, in milliseconds since the epoch. */
  readonly issuedAt: number;
}

/** The content of a token: short keys, because it stands in an address. */
interface TokenContent {
  /** The channels. */
  readonly c: readonly string[];
  /** The user's id. */
  readonly u?: string;
  /** The channel of the session. */
  readonly s?: string;
  /** When it was made, and when it ends, in milliseconds since the epoch. */
  readonly i: number;
  readonly e: number;
}

/**
 * Makes a token by which somebody may hear channels, without a cookie. Whoever decides that they may does so before.
 * @param lifetime in milliseconds
 * @throws ValidationError for a wrong lifetime, and for more channels than an address can name
 */
export function signStreamToken(
  { channels, userId, sessionChannel }: Omit<TokenGrant, 'issuedAt'>,
  secret: string,
  lifetime: number = DEFAULT_LIFETIME_MS,
): string {
  if (typeof lifetime !== 'number' || !(lifetime > 0) || lifetime > MAX_LIFETIME_MS)
    throw new ValidationError(`"expiresIn" must be a number of milliseconds above 0, ${MAX_LIFETIME_MS} at most.`);
  const now = Date.now();
  const content: TokenContent = {
    c: channels,
    ...(userId !== undefined && { u: userId }),
    ...(sessionChannel !== undefined && { s: sessionChannel }),
    i: now,
    e: now + lifetime,
  };
  const text = Buffer.from(JSON.stringify(content)).toString('base64url');
  const token = `${text}.${signature(text, secret).toString('base64url')}`;
  if (token.length <= MAX_LENGTH) return token;
  throw new ValidationError(
    `A token for these ${channels.length} channels does not fit into an address: name fewer channels.`,
  );
}

/**
 * Reads a token.
 * @throws AuthenticationError with the status 401 when somebody else has made it, or its time has passed
 */
export function readStreamToken(token: string, secret: string): TokenGrant {
  const [text = '', signed = ''] = token.split('.', 2);
  const found = Buffer.from(signed, 'base64url');
  const expected = signature(text, secret);
  if (token.length > MAX_LENGTH || found.length !== expected.length || !timingSafeEqual(found, expected))
    throw refused('is not valid');
  const { c: channels, u: userId, s: sessionChannel, i: issuedAt, e: endsAt } = contentOf(text);
  if (Date.now() >= endsAt) throw refused('has expired: ask the application for another one');
  return { channels, userId, sessionChannel, issuedAt };
}

function contentOf(text: string): TokenContent {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as TokenContent;
}

function signature(text: string, secret: string): Buffer {
  return createHmac('sha256', secret)
    .update(PURPOSE + text)
    .digest();
}

function refused(why: string): AuthenticationError {
  return new AuthenticationError(`The "token" ${why}.`, { status: 401 });
}
