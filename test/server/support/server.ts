import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { RequestContext } from '../../../src/backends/contract/request.js';
import type { WebSocketOptions, WebSocketService } from '../../../src/backends/websocket/index.js';
import type { Logger } from '../../../src/core/logger.js';
import type { IncomingMessage, OutgoingMessage } from '../../../src/wire/message.js';
import { newServer } from '../../support/nodes/nodes.js';

export const credentials: { appId: string; pubKey: string; secretKey: string } = {
  appId: 'app',
  pubKey: 'key',
  secretKey: 'the-secret',
};

/** A server on a free port, closed at the end of the test. It has as many nodes as the project of tests says. */
export async function startServer(
  options: WebSocketOptions = {},
  settings: typeof credentials = credentials,
): Promise<WebSocketService> {
  const service = await newServer(settings, { port: 0, host: '127.0.0.1', closeTimeoutMs: 200, ...options });
  onTestFinished(() => service.close());
  await service.open();
  return service;
}

export function portOf(service: WebSocketService): number {
  return service.address?.port ?? 0;
}

export function message(event: string, data: unknown = {}, except?: string): OutgoingMessage {
  const fields = { id: randomUUID(), event, data: data as OutgoingMessage['data'], payload: JSON.stringify(data) };
  return except === undefined ? fields : { ...fields, except };
}

export const context: RequestContext = { signal: new AbortController().signal };

/** The messages that came in through `receive`, and the log's lines. */
export interface Recorded {
  readonly received: IncomingMessage[];
  readonly logged: { level: keyof Logger; details: object; text: string }[];
}

/** Stands in for the push service that a backend belongs to. */
export function record(service: {
  connect(host: { receive(message: IncomingMessage): void; logger: Logger } | undefined): void;
}): Recorded {
  const recorded: Recorded = { received: [], logged: [] };
  const log =
    (level: keyof Logger) =>
    (details: object, text: string): void => {
      recorded.logged.push({ level, details, text });
    };
  service.connect({
    receive: (incoming) => recorded.received.push(incoming),
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
  });
  return recorded;
}
