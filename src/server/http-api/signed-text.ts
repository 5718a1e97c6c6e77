import { requestText } from '../../pusher-protocol/signature.js';
import { decoded } from '../../web/percent-decoding.js';

/** The method and address of a request, as it was sent. */
export interface RequestTarget {
  readonly method: string;
  /** Still percent-encoded. */
  readonly path: string;
  /** The part after the question mark, still percent-encoded. */
  readonly query: string;
}

/** Parameters with their names in lower case, sorted by name: the order of a signed text. */
type Parameters = readonly (readonly [name: string, value: string])[];

/**
 * The texts of which one has to be signed, the likeliest first. Most libraries sign the plain text, as the documents
 * say, and encode it afterwards or not at all; some sign the encoded text; and some encode the path alone.
 * @param parameters those of the query, decoded
 */
export function* signedTexts({ method, path, query }: RequestTarget, parameters: URLSearchParams): Generator<string> {
  yield requestText(method, decoded(path), parameters);
  const raw = query.split('&').map((pair): [string, string] => {
    const [name = '', ...value] = pair.split('=');
    return [name, value.join('=')];
  });
  yield requestText(method, decoded(path), raw);
  yield requestText(method, path, parameters);
  yield requestText(method, path, raw);
}

/**
 * Whether a signed text says what the request says. A text has one meaning, and only the request with this meaning is
 * taken. Without that, whoever has recorded one request could send another one with its signature: nothing in a
 * signed text is escaped, so that `a=x&b=y` stands for two parameters as well as for one whose value is `x&b=y`, and
 * `%3D` for itself as well as for an equals sign.
 */
export function saysTheSame(text: string, target: RequestTarget): boolean {
  if (isAsSent(text, target)) return true;
  const { method, path, query } = target;
  const [signedMethod, signedPath = '', ...rest] = text.split('\n');
  // A slash in a name can stay out of it: no channel has one, and a user's id stands between two words of the path.
  return (
    signedMethod === method &&
    (isEncoded(signedPath) ? decoded(signedPath) : signedPath) === decoded(path) &&
    JSON.stringify(meaningOf(rest.join('\n'))) === JSON.stringify(inOrder(new URLSearchParams(query)))
  );
}

/**
 * Whether a text is the request as it was sent, up to its signature, and holds nothing that could be read in two ways:
 * most requests are like this.
 */
function isAsSent(text: string, { method, path, query }: RequestTarget): boolean {
  const [signed = '', signature, ...further] = query.split('&auth_signature=');
  return (
    text === `${method}\n${path}\n${signed}` &&
    !path.includes('%') &&
    plainQuery.test(signed) &&
    signature?.includes('&') === false &&
    further.length === 0
  );
}

/** Names and values without escapes, and without a question mark that would be left out at the beginning. */
const plainQuery = /^(?!\?)[^&=%+]*=[^&%+]*(?:&[^&=%+]*=[^&%+]*)*$/;

/** Reads the parameters of a signed text. A text with percent-encoding is an encoded one. */
function meaningOf(text: string): Parameters {
  if (isEncoded(text)) return inOrder(new URLSearchParams(text));
  const pairs: [string, string][] = [];
  for (const part of text.split('&')) {
    const equals = part.indexOf('=');
    const last = pairs.at(-1);
    // Every parameter has an equals sign in the text that is signed.
    if (equals === -1 && last !== undefined) last[1] += `&${part}`;
    else pairs.push([part.slice(0, equals), part.slice(equals + 1)]);
  }
  return inOrder(pairs);
}

function inOrder(pairs: Iterable<[string, string]>): Parameters {
  return [...pairs]
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => name !== 'auth_signature')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

function isEncoded(text: string): boolean {
  return /%[0-9a-f]{2}/i.test(text);
}
