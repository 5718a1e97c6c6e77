import type { BackendMessageOptions } from '../backends/contract/message.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { PushError, UnsupportedOperationError, ValidationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { RequestLike } from './send-options.js';

/** Most characters of a header that are logged. */
const SHOWN = 40;

/** Backends that have been warned about. */
const warned = new WeakSet<AnyBackend>();

/** The parts of a plan that decide who is left out. */
interface ExceptContext {
  readonly backend: AnyBackend;
  readonly capabilities: { readonly except: boolean };
  readonly logger: Logger;
}

/**
 * Reads the socket id in `except`, and checks the message with it. A header is the client's word and no mistake of the
 * application: one that is no socket id leaves nobody out.
 * @returns undefined when nobody is left out
 * @throws ValidationError for anything but a socket id or a request, and whatever else `checkMessage` throws
 * @throws UnsupportedOperationError for a text when the backend leaves nobody out
 */
export function checkedExcept(
  except: string | RequestLike | undefined,
  message: Omit<BackendMessageOptions, 'except'>,
  { backend, capabilities, logger }: ExceptContext,
): string | undefined {
  const isText = typeof except === 'string' && except !== '';
  const socketId = isText || except === undefined ? except : headerOf(except);
  if (socketId !== undefined && !capabilities.except) {
    if (isText) {
      throw new UnsupportedOperationError(`The ${backend.name} backend does not support "except": leave it out.`, {
        backend: backend.name,
      });
    }
    if (!warned.has(backend)) {
      logger.warn(
        { backend: backend.name },
        `the ${backend.name} backend does not support "except": it is ignored, and the sender gets the message too`,
      );
    }
    warned.add(backend);
    backend.checkMessage({ ...message, except: undefined });
    return undefined;
  }
  try {
    backend.checkMessage({ ...message, except: socketId });
    return socketId;
  } catch (error) {
    if (isText || socketId === undefined || !PushError.isPushError(error) || error.code !== 'VALIDATION') throw error;
    backend.checkMessage({ ...message, except: undefined });
    logger.debug({ header: socketId.slice(0, SHOWN) }, 'the X-Socket-ID of a request is no socket id, and is ignored');
    return undefined;
  }
}

/** The header `X-Socket-ID` of a request. */
function headerOf(request: unknown): string | undefined {
  const headers: unknown = typeof request === 'object' && request !== null && 'headers' in request && request.headers;
  if (typeof headers !== 'object' || headers === null)
    throw new ValidationError('"except" must be a socket id, or a request with the header X-Socket-ID.');
  const value: unknown =
    'get' in headers && typeof headers.get === 'function'
      ? headers.get('x-socket-id')
      : (headers as Record<string, unknown>)['x-socket-id'];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
