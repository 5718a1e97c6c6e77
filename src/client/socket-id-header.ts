/** The header by which the server knows who sent a request: `send({ except: request })` reads it. */
const HEADER = 'X-Socket-ID';

/** Who knows the id of the connection: a `PushClient`. */
export interface SocketIdSource {
  readonly socketId: string | undefined;
}

/** Options of {@link socketIdFetch} and {@link addSocketId}. */
export interface SocketIdOptions {
  /** Where else requests with the header may go, as in `['https://api.example.com']`. @default [], the page's own origin alone */
  readonly origins?: readonly string[] | undefined;
}

/** Options of {@link socketIdFetch}. */
export interface SocketIdFetchOptions extends SocketIdOptions {
  /** Makes the requests. @default the global `fetch` */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * A `fetch` that adds the header `X-Socket-ID` to requests to the page's own origin while the client is connected, so that
 * `send({ except: request })` on the server leaves out the page that caused the message. A header that is there stays.
 */
export function socketIdFetch(client: SocketIdSource, options: SocketIdFetchOptions = {}): typeof fetch {
  const isMeant = originCheck(options);
  return (input, init) => {
    const { fetch = globalThis.fetch } = options;
    const { socketId } = client;
    // Not by its class: one of a frame has another.
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

/** The part of axios, 1.0 or later, that {@link addSocketId} uses; an instance of one's own is the same. */
export interface AxiosLike {
  getUri(request: object): string;
  readonly interceptors: {
    readonly request: {
      /** `never`, because an interceptor returns what it is given, whose type is axios' own. */
      use(interceptor: (request: AxiosRequestLike) => never): number;
      eject(id: number): void;
    };
  };
}

/**
 * As {@link socketIdFetch}, for requests by axios.
 * @returns a function that takes the interceptor out again
 */
export function addSocketId(axios: AxiosLike, client: SocketIdSource, options: SocketIdOptions = {}): () => void {
  const isMeant = originCheck(options);
  const interceptors = axios.interceptors.request;
  const id = interceptors.use((request) => {
    const { headers } = request;
    const { socketId } = client;
    if (socketId !== undefined && !headers.has(HEADER) && isMeant(axios.getUri(request))) headers.set(HEADER, socketId);
    return request as never;
  });
  return () => interceptors.eject(id);
}

/** What decides where a relative address leads: in a page its `<base>`, which a worker has not. */
interface PageLike {
  readonly document?: { readonly baseURI: string };
  readonly location?: { readonly origin: string; readonly href: string };
}

function originCheck({ origins = [] }: SocketIdOptions): (url: string) => boolean {
  const { document, location } = globalThis as PageLike;
  const known = new Set([...origins.map((origin) => new URL(origin).origin), ...(location ? [location.origin] : [])]);
  return (url) => {
    const base = document?.baseURI ?? location?.href;
    return URL.canParse(url, base) && known.has(new URL(url, base).origin);
  };
}
