/** Where browsers connect, for the part that they cannot tell from the page. */
export interface ClientAddress {
  readonly host?: string;
  readonly port?: number;
  readonly useTLS?: boolean;
}

/**
 * The address from `options.publicUrl`; else the port that the server listens on itself, on the page's own host; attached to
 * the application's server, nothing: the page's own host and port are right.
 */
export function clientAddress(publicUrl: string | undefined, ownPort: number | undefined): ClientAddress {
  if (publicUrl !== undefined) {
    const url = new URL(publicUrl);
    const useTLS = url.protocol === 'wss:' || url.protocol === 'https:';
    return { host: url.hostname, port: url.port === '' ? (useTLS ? 443 : 80) : Number(url.port), useTLS };
  }
  return ownPort === undefined ? {} : { port: ownPort, useTLS: false };
}
