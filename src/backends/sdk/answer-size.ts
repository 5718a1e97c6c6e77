import type { ClientRequest, IncomingMessage } from 'node:http';
import { DeliveryError } from '../../core/report.js';

/**
 * Most bytes of an answer that are read: 16 MiB. SDKs keep an answer in memory as a whole, and whoever answers in the
 * provider's place could fill it. The longest answers of the providers, lists of channels, have some MB.
 */
export const MAX_ANSWER_BYTES: number = 16 * 1024 * 1024;

/** An answer, as far as it is known when its headers have arrived. */
export interface BegunAnswer {
  /** The backend's name. */
  readonly backend: string;
  /** Scheme, host and port of the provider. */
  readonly origin: string;
  readonly status: number | undefined;
}

/** Makes the error of an answer that is too long. What it would have said of the message is not known. */
export function answerTooLong(answer: BegunAnswer): DeliveryError {
  return notRead(answer, `has more than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB`);
}

/**
 * Makes the error of an answer whose bytes cannot be counted, because it is compressed; undefined for any other one.
 * @param encoding the header `Content-Encoding`
 */
export function compressedAnswer(encoding: string | undefined, answer: BegunAnswer): DeliveryError | undefined {
  if (encoding === undefined || /^(?:identity)?$/i.test(encoding.trim())) return undefined;
  return notRead(answer, 'is compressed, which was not asked for');
}

function notRead({ backend, origin, status = 0 }: BegunAnswer, why: string): DeliveryError {
  const outcome = status >= 400 && status < 500 ? 'rejected' : 'unknown';
  return new DeliveryError(
    `The answer of ${origin} ${why}, so it was not read. Check that the provider's API is at this address.`,
    { backend, outcome, ...(status > 0 && { status }) },
  );
}

/** The header that asks for an answer whose bytes can be counted. */
export const UNCOMPRESSED = { name: 'Accept-Encoding', value: 'identity' } as const;

/**
 * Counts the bytes of an answer's body while an SDK reads it, and ends the request when they are too many.
 * @param fail takes the error, before the request ends
 */
export function limitAnswer(
  request: ClientRequest,
  response: IncomingMessage,
  call: Omit<BegunAnswer, 'status'>,
  fail: (error: DeliveryError) => void,
): void {
  const answer: BegunAnswer = { ...call, status: response.statusCode };
  const end = (error: DeliveryError): void => {
    fail(error);
    request.destroy();
  };
  const compressed = compressedAnswer(response.headers['content-encoding'], answer);
  if (compressed !== undefined) {
    end(compressed);
    return;
  }
  let bytes = 0;
  // Node's parser hands on each piece by this method. A listener of `data` would take the pieces from the SDK.
  const push = response.push.bind(response);
  response.push = (piece: Uint8Array | null, encoding?: BufferEncoding): boolean => {
    bytes += piece?.length ?? 0;
    if (bytes <= MAX_ANSWER_BYTES) return push(piece, encoding);
    end(answerTooLong(answer));
    return false;
  };
}

/**
 * Reads the text of an answer of `fetch`.
 * @throws DeliveryError for one that is too long; whatever reading it throws
 */
export async function answerText(response: Response, call: Omit<BegunAnswer, 'status'>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    // To leave the loop cancels the rest.
    if (bytes > MAX_ANSWER_BYTES) throw answerTooLong({ ...call, status: response.status });
    pieces.push(piece);
  }
  return new TextDecoder().decode(Buffer.concat(pieces));
}
