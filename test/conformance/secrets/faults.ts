import * as faults from '../../providers/faults.js';
import { respond } from '../../providers/provider-answer.js';

/** Quotes in every way that providers know all that the request came with, and the secrets that made it. */
function quoting(status: number, secrets: readonly string[], form: 'json' | 'text' | 'refusal' = 'json'): faults.Fault {
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
export function faultsQuoting(secrets: readonly string[], elsewhere: string): Readonly<Record<string, faults.Fault>> {
  const [secret = ''] = secrets;
  return {
    'stalled headers': faults.stalledHeaders,
    'stalled body': faults.stalledBody,
    'reset before the answer': faults.resetBeforeAnswer,
    'reset in the body': faults.resetInBody,
    '429 without a wait': faults.tooManyRequests(),
    '429 with a wait': faults.tooManyRequests('1'),
    '500': faults.answering({ status: 500, body: { error: 'oops' } }),
    '502 without content type': faults.badGateway,
    'wrong JSON': faults.wrongJson,
    'a redirect to another host': faults.redirectTo(elsewhere),
    'a redirect with a secret in its address': faults.redirectTo(
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
