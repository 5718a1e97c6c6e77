import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import type { WireEvent } from '../../../src/pusher-protocol/webhooks.js';

/** A webhook as it came in. */
export interface ReceivedWebhook {
  readonly headers: Record<string, string>;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly rawBody: string;
  readonly time: number;
  readonly events: readonly WireEvent[];
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

export const taken: Answer = (response) => response.writeHead(200).end('ok');
export const failing: Answer = (response) => response.writeHead(500).end('no');
export const hanging: Answer = () => undefined;
export const resetting: Answer = (_response, request) => request.socket.destroy();
/** Answers, and then never ends its body. */
export const stalling: Answer = (response) => response.writeHead(200).write('o');

/** A real HTTP server that gets webhooks, and answers as it is told. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = [];
  /** Answers for the next ones; then `answer`. */
  readonly next: Answer[] = [];
  answer: Answer = taken;
  readonly #server = createServer(async (request, response) => {
    const rawBody = await text(request);
    const { time_ms: time, events } = JSON.parse(rawBody) as { time_ms: number; events: WireEvent[] };
    const { method, url } = request;
    this.received.push({ headers: request.headers as Record<string, string>, method, url, rawBody, time, events });
    (this.next.shift() ?? this.answer)(response, request);
  });

  /** @param port a free one unless it is given */
  static async start(port = 0): Promise<WebhookReceiver> {
    const receiver = new WebhookReceiver();
    receiver.#server.listen(port, '127.0.0.1');
    await once(receiver.#server, 'listening');
    onTestFinished(() => receiver.stop());
    return receiver;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/webhook`;
  }

  /** All events, in the order in which they came. */
  get events(): readonly WireEvent[] {
    return this.received.flatMap(({ events }) => events);
  }
}
