import type { IncomingMessage } from 'node:http';
import { HttpError } from '../../../http-error.js';

/**
 * Reads a request's body, up to a size and within a time.
 * @throws HttpError 413 as soon as it is known to be too large, 408 when it takes too long
 */
export async function readBody(request: IncomingMessage, maxBytes: number, timeoutMs: number): Promise<Buffer> {
  const tooLarge = new HttpError(413, `The body is over ${maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (): void => {
      clearTimeout(timer);
      request.removeAllListeners('data');
      // What still comes is read and dropped, so that the client gets to read the answer.
      request.resume();
    };
    const timer = setTimeout(() => {
      end();
      reject(new HttpError(408, `The body did not arrive within ${timeoutMs} ms.`, { Connection: 'close' }));
    }, timeoutMs);
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBytes) return;
      end();
      reject(tooLarge);
    });
    request.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks));
    });
    request.on('close', () => {
      clearTimeout(timer);
      reject(new HttpError(400, 'The body ended too early.'));
    });
  });
}
