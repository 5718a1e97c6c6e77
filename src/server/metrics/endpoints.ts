import type { IncomingMessage, ServerResponse } from 'node:http';
import { answer } from '../answer.js';
import type { PortTaker } from '../attachment.js';
import { refuseUpgrade } from '../upgrade.js';
import { EXPOSITION_TYPE } from './exposition.js';

/** A server, as those see it who look after it. */
export interface Monitored {
  /** False while it closes. */
  readonly isUp: boolean;
  /** Its figures, as Prometheus reads them. */
  metrics(): string;
}

/** What `GET` answers at an address. Nothing of it is secret: no request is signed. */
interface Page {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The answer to load balancers. A server that has as many connections as it may have is up: whoever restarts what is
 * not up would cut them all. Laravel Reverb answers with the same body.
 */
function upPage({ isUp }: Monitored): Page {
  const type = 'application/json';
  if (isUp) return { status: 200, type, text: '{"health":"OK"}' };
  return { status: 503, type, text: '{"health":"CLOSING"}', headers: { Connection: 'close' } };
}

function metricsPage(server: Monitored): Page {
  return { status: 200, type: EXPOSITION_TYPE, text: server.metrics() };
}

/** Answers `/up` on the port for pages. Returns whether it was that request. */
export function answerUp(server: Monitored, request: IncomingMessage, response: ServerResponse): boolean {
  if (pathOf(request) !== '/up') return false;
  answerPage(upPage(server), request, response);
  return true;
}

/** Answers all requests on the port for figures: `/metrics` and `/up`. */
export function monitoringTaker(server: () => Monitored): PortTaker {
  return {
    request: (request, response) => {
      const path = pathOf(request);
      if (path === '/metrics') answerPage(metricsPage(server()), request, response);
      else if (path === '/up') answerPage(upPage(server()), request, response);
      else answer(response, 404, TEXT, 'There is nothing at this address. The figures are at /metrics.');
    },
    upgrade: (_request, socket) => refuseUpgrade(socket, 404, 'Nothing at this address takes WebSockets'),
  };
}

const TEXT = 'text/plain; charset=utf-8';

function pathOf({ url = '' }: IncomingMessage): string | undefined {
  return url.split('?', 1)[0];
}

function answerPage(page: Page, { method }: IncomingMessage, response: ServerResponse): void {
  const { status, type, text, headers } = page;
  if (method === 'GET' || method === 'HEAD')
    answer(response, status, type, text, { 'Cache-Control': 'no-store', ...headers });
  else answer(response, 405, TEXT, 'This address takes GET and HEAD only.', { Allow: 'GET, HEAD' });
}
