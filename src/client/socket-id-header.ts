/** The header with the id of the page's connection. `send({ except: request })` reads it on the server. */
const HEADER = 'X-Socket-ID';

/** The part of `PushClient` that knows the id of the connection. */
export interface SocketIdSource {
  readonly socketId: string | undefined;
}

/** Options of {@link socketIdFetch} and {@link addSocketId}. */
export interface SocketIdOptions {
  /**
   * Other origins whose requests get the header, as in `['https://api.example.com']`.
   * @default [], only the page's own
   */
  readonly origins?: readonly string[] | undefined;
}

/** Options of {@link socketIdFetch}. */
export interface SocketIdFetchOptions extends SocketIdOptions {
  /** The function that makes the requests. @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Makes a `fetch` that adds the header `X-Socket-ID` to requests to the page's own origin while the client is
 * connected. With it, `send({ except: request })` on the server leaves out the page that caused the message. A
 * request's own header stays.
 * @example
 * const fetch = socketIdFetch(client);
 * await fetch('/orders/5/ship', { method: 'POST' });
 */
export function socketIdFetch(client: SocketIdSource, options: SocketIdFetchOptions = {}): typeof fetch {
  const isMeant = urlCheck(options);
  return (input, init) => {
    const { fetch = globalThis.fetch } = options;
    const { socketId } = client;
    // Told by its shape, because a request that a frame made is of another class.
    const request = typeof input === 'object' && 'url' in input ? input : undefined;
    if (socketId === undefined || !isMeant(request?.url ?? String(input))) return fetch(input, init);
    const headers = new Headers(init?.headers ?? request?.headers);
    if (!headers.has(HEADER)) headers.set(HEADER, socketId);
    return fetch(input, { ...init, headers });
  };
}

/** The part of a request that {@link addSocketId} uses. */
export interface AxiosRequestLike {
  readonly headers: { has(name: string): boolean; set(name: string, value: string): unknown };
}

/** The part of axios, 1.0 or later, that {@link addSocketId} uses: the package itself, or an instance. */
export interface AxiosLike {
  getUri(request: object): string;
  readonly interceptors: {
    readonly request: {
      /** Returns `never`, because an interceptor returns its argument, whose type is axios' own. */
      use(interceptor: (request: AxiosRequestLike) => never): number;
      eject(id: number): void;
    };
  };
}

/**
 * Adds the header `X-Socket-ID` to requests by axios, as {@link socketIdFetch} does.
 * @returns a function that removes the interceptor
 */
export function addSocketId(axios: AxiosLike, client: SocketIdSource, options: SocketIdOptions = {}): () => void {
  const isMeant = urlCheck(options);
  const interceptors = axios.interceptors.request;
  const id = interceptors.use((request) => {
    const { headers } = request;
    const { socketId } = client;
    if (socketId !== undefined && !headers.has(HEADER) && isMeant(axios.getUri(request))) headers.set(HEADER, socketId);
    return request as never;
  });
  return () => interceptors.eject(id);
}

/** The base of relative addresses: a page's `<base>`, or the address of a worker. */
interface PageLike {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly origin: string; readonly href: string };
}

function urlCheck({ origins = [] }: SocketIdOptions): (url: string) => boolean {
  const { document, location } = globalThis as PageLike;
  const known = new Set([...origins.map((origin) => new URL(origin).origin), ...(location ? [location.origin] : [])]);
  return (url) => {
    const base = document?.baseURI ?? location?.href;
    return URL.canParse(url, base) && known.has(new URL(url, base).origin);
  };
}
