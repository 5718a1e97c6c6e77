import * as faults from './faults.js';
import { respond } from './provider-answer.js';

const closedAfterwards: faults.Fault = (answer, response) => {
  // Without `connection: close`, so that the client finds out when it uses the connection again.
  response.on('finish', () => response.socket?.destroySoon());
  respond(answer, response);
};
const cutShort: faults.Fault = (_answer, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
  response.write('{', () => response.socket?.end());
};
const afterEarlyHints: faults.Fault = (answer, response) => {
  response.writeEarlyHints({ link: '</style.css>; rel=preload' });
  respond(answer, response);
};
const noHttp: faults.Fault = (_answer, response) => void response.socket?.end('SSH-2.0-OpenSSH_9.6\r\n');
const switchingProtocols: faults.Fault = (_answer, response) =>
  void response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
const page = { headers: { 'content-type': 'text/html' }, body: '\n<!doctype html><title>Please sign in</title>' };

const kinds: readonly faults.Fault[] = [
  faults.stalledHeaders,
  faults.stalledBody,
  faults.resetBeforeAnswer,
  faults.resetInBody,
  cutShort,
  closedAfterwards,
  afterEarlyHints,
  faults.badGateway,
  faults.wrongJson,
  noHttp,
  switchingProtocols,
  faults.answering({ status: 500 }),
  faults.answering({ status: 303, headers: { location: '/elsewhere' } }),
  faults.instead(faults.resetBeforeAnswer),
  faults.instead(faults.stalledHeaders),
  faults.instead(noHttp),
  faults.instead(faults.tooManyRequests('0')),
  faults.instead(faults.tooManyRequests('60')),
  faults.instead(faults.redirectTo('http://127.0.0.1:9/elsewhere')),
  faults.instead(faults.answering(page)),
  ...[400, 401, 404, 413, 503].map((status) => faults.instead(faults.answering({ status }))),
];

/** Faults in an order that looks like chance and is the same each time, with as many requests between them that nothing befalls. */
export function randomFaults(count: number): readonly (faults.Fault | undefined)[] {
  const next = random(20_261_122);
  return Array.from({ length: count }, () => (next() < 0.5 ? undefined : kinds[Math.floor(next() * kinds.length)]));
}

/** Numbers from 0 up to 1: the generator that is known as mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
