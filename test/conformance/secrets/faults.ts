import {
  answering,
  badGateway,
  type Fault,
  redirectTo,
  resetBeforeAnswer,
  resetInBody,
  stalledBody,
  stalledHeaders,
  tooManyRequests,
  wrongJson,
} from '../../providers/faults.js';
import { respond } from '../../providers/provider-answer.js';

/** Quotes in every way that providers know all that the request came with, and the secrets that made it. */
function quoting(status: number, secrets: readonly string[], form: 'json' | 'text' | 'refusal' = 'json'): Fault {
  return (_answer, response) => {
    const { url, headers } = response.req;
    const { search, searchParams } = new URL(url ?? '/', 'http://provider');
    const signatures = ['auth_signature', 'signature', 'auth'].flatMap((name) => searchParams.getAll(name));
    const quote = [...secrets, url, headers.authorization, search, ...signatures].join(' | ');
    const json = {
      status,
      id: '',
      error: true,
      message: quote,
      error_message: quote,
      errors: [quote],
      service: quote,
      payload: { channels: [quote], [quote]: quote },
    };
    const body = { json, text: quote, refusal: [0, quote, '1'] }[form];
    response.statusMessage = encodeURIComponent(secrets.join(' '));
    respond(
      { status, body, headers: { 'x-quoted': encodeURIComponent(quote), 'retry-after': secrets.join('') } },
      response,
    );
  };
}

/** Everything that can go wrong with an answer, by name. @param elsewhere another host's address */
export function faultsQuoting(secrets: readonly string[], elsewhere: string): Readonly<Record<string, Fault>> {
  const [secret = ''] = secrets;
  return {
    'stalled headers': stalledHeaders,
    'stalled body': stalledBody,
    'reset before the answer': resetBeforeAnswer,
    'reset in the body': resetInBody,
    '429 without a wait': tooManyRequests(),
    '429 with a wait': tooManyRequests('1'),
    '500': answering({ status: 500, body: { error: 'oops' } }),
    '502 without content type': badGateway,
    'wrong JSON': wrongJson,
    'a redirect to another host': redirectTo(elsewhere),
    'a redirect with a secret in its address': redirectTo(
      elsewhere.replace('://', `://user:${encodeURIComponent(secret)}@`).concat(`/?key=${encodeURIComponent(secret)}`),
    ),
    '400 that quotes': quoting(400, secrets),
    '401 that quotes': quoting(401, secrets),
    '401 that quotes as text': quoting(401, secrets, 'text'),
    '403 that quotes': quoting(403, secrets),
    '403 that quotes as text': quoting(403, secrets, 'text'),
    '413 that quotes': quoting(413, secrets),
    '429 that quotes': quoting(429, secrets),
    '503 that quotes as text': quoting(503, secrets, 'text'),
    '200 that refuses and quotes': quoting(200, secrets),
    '200 that refuses and quotes as a list': quoting(200, secrets, 'refusal'),
    '200 that quotes as text': quoting(200, secrets, 'text'),
  };
}
