import type { Link } from './link.js';
import { plainError } from './plain-errors.js';

/**
 * Waits until a link is connected and has answered. A server that is still loading its data has not.
 * @throws the reason, and ends the link
 */
export async function onceOpen(link: Link, connecting: Promise<unknown>, connectMs: number): Promise<void> {
  const timer = setTimeout(() => link.destroy(new Error(`nothing has answered within ${connectMs} ms`)), connectMs);
  try {
    // A client says why by its event, and rejects with less. Some stay silent when they are ended while they connect.
    const lost = link.closed.then((reason) => {
      throw reason;
    });
    lost.catch(() => {});
    await Promise.race([connecting.catch(() => lost), lost]);
    await Promise.race([link.send(['PING']), lost]);
  } catch (error) {
    link.destroy();
    throw plainError(error);
  } finally {
    clearTimeout(timer);
  }
}
