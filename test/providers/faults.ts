import type { ServerResponse } from 'node:http';
import { type ProviderAnswer, respond } from './provider-answer.js';
import { guessed } from './recorded-answers.js';

// What goes wrong on the way or in front of a provider, and not what a provider says: for its own answers, see
// recorded-answers.ts.

/** Spoils an answer, after the provider has done what it was asked, or with `instead` in place of doing it. */
export interface Fault {
  (answer: ProviderAnswer, response: ServerResponse): void;
  readonly instead?: boolean;
}

/** The fault in front of a provider that then never sees the request. */
export function instead(fault: Fault): Fault {
  return Object.assign((answer: ProviderAnswer, response: ServerResponse) => fault(answer, response), {
    instead: true,
  });
}

/** The answer never begins. */
export const stalledHeaders: Fault = () => {};

/** The answer begins, with its headers, and never ends. */
export const stalledBody: Fault = (_answer, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.write('{');
};

/** The connection is reset before anything is answered. */
export const resetBeforeAnswer: Fault = (_answer, response) => {
  response.socket?.resetAndDestroy();
};

/** The connection is reset in the middle of the body. */
export const resetInBody: Fault = (_answer, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
  response.write('{', () => response.socket?.resetAndDestroy());
};

/** 502 without content type, as gateways answer. */
export const badGateway: Fault = (_answer, response) => {
  response.writeHead(502);
  response.end('<html>Bad Gateway</html>');
};

/** A success whose body is no JSON. */
export const wrongJson: Fault = (_answer, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end('{"oops');
};

/** Another answer than the provider's own. */
export function answering(answer: ProviderAnswer): Fault {
  return (_answer, response) => respond(answer, response);
}

/**
 * 429. All three providers document the status, and none its body: nothing depends on it.
 * @param retryAfter the header, in seconds or as a date
 */
export function tooManyRequests(retryAfter?: string): Fault {
  return answering(
    guessed({
      status: 429,
      body: { error: 'Too Many Requests' },
      headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
    }),
  );
}

/** 307 to another place. @param location where to */
export function redirectTo(location: string): Fault {
  return answering({ status: 307, headers: { location } });
}
