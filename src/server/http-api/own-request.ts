import { ValidationError } from '../../core/errors.js';
import { HttpError } from '../../web/http-error.js';
import type { App } from '../app.js';
import { findEndpoint } from './endpoints.js';

/** A request that an application makes to its own HTTP API. */
export interface OwnRequest {
  readonly method: 'GET' | 'POST';
  /** Below `/apps/APPID`, percent-encoded. */
  readonly path: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of a POST. */
  readonly body: object;
}

/**
 * Answers an application in this process as the HTTP API would, without a connection and a signature.
 * @throws ValidationError for what the HTTP API would refuse; DeliveryError for what could not be done
 */
export async function answerOwn(app: App, { method, path, parameters, body }: OwnRequest): Promise<unknown> {
  const refused = (message: string, status: number): ValidationError =>
    new ValidationError(message, { backend: 'websocket', status });
  const endpoint = findEndpoint(
    path
      .replace(/^\/|\/$/g, '')
      .split('/')
      .map(decodeURIComponent),
  );
  if (endpoint === undefined) throw refused('There is nothing at this address.', 404);
  if (endpoint.method !== method) throw refused(`This address takes ${endpoint.method} only.`, 405);
  try {
    const answer = await endpoint.answer({
      app,
      parameters: new URLSearchParams(parameters),
      body: method === 'POST' ? body : undefined,
    });
    // A copy, as it would arrive: the server's own objects stay its own.
    return JSON.parse(JSON.stringify(answer));
  } catch (error) {
    if (error instanceof HttpError) throw refused(error.message, error.status);
    throw error;
  }
}
