import { ConfigurationError } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import { Places } from '../core/places.js';
import type { OpenStream, StreamRequest } from '../service/listening.js';
import type { PushService } from '../service/push-service.js';
import { HttpError } from '../web/http-error.js';

/** Default of the option `maxStreams`. A stream holds some 20 kB, and its connection. */
export const DEFAULT_MAX_STREAMS = 10_000;

/** Time between two looks at whether servers are closing, in milliseconds. */
const LOOK_MS = 1000;
/** Looks between two signs of life: 15 s. Proxies cut what is silent for 30 s or more. */
const LOOKS_A_HEARTBEAT = 15;
/** When `EventSource` asks again after a stream has ended, in milliseconds. */
const RETRY_MS = 3000;
/** Bytes that may wait for a reader; the one message that is larger may wait alone. */
const MAX_WAITING_BYTES = 1_048_576;

const encoder = new TextEncoder();
/** A comment, which `EventSource` ignores. */
const heartbeat = encoder.encode(':\n\n');
const beginning = encoder.encode(`retry: ${RETRY_MS}\n\n`);

const headers = {
  'Content-Type': 'text/event-stream',
  // A proxy or a middleware that compresses would wait for more to compress.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/**
 * The streams of server-sent events that one push handler has open. Source: "Server-sent events" in the HTML standard.
 */
export class EventStreams {
  readonly #maxStreams: number;
  readonly #places: Places;
  readonly #open = new Set<EventStream>();
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;

  constructor(maxStreams: number) {
    this.#maxStreams = maxStreams;
    this.#places = new Places(maxStreams);
  }

  /**
   * Answers with a stream.
   * @param signal fires when the client has gone
   * @param node Node's request. Its server waits for all answers when it closes, so the stream ends then.
   * @throws HttpError 503 when there are too many streams; PushError as `PushService.openStream`
   */
  async answer(
    service: PushService,
    request: StreamRequest,
    { signal, logger, node }: { signal: AbortSignal; logger: Logger; node: object | undefined },
  ): Promise<Response> {
    const leave = this.#places.take();
    if (leave === undefined) {
      logger.warn(
        { maxStreams: this.#maxStreams },
        'streams of events were turned away: as many are open as may be (option "maxStreams")',
      );
      throw new HttpError(503, 'Too many streams are open: ask again later.', { 'Retry-After': '5' });
    }
    const stream = new EventStream(logger, serverOf(node), () => {
      leave();
      this.#forget(stream);
    });
    try {
      stream.source = await service.openStream(request, stream);
      // What came while it was opened may have been too much.
      if (!stream.isOpen) stream.source.close();
    } catch (error) {
      stream.close();
      throw error;
    }
    this.#open.add(stream);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    signal.addEventListener('abort', () => stream.close(), { once: true });
    if (signal.aborted) stream.close();
    if (!stream.isOpen) this.#forget(stream);
    return new Response(stream.body, { headers });
  }

  #look(): void {
    this.#looks += 1;
    const isTime = this.#looks % LOOKS_A_HEARTBEAT === 0;
    for (const stream of [...this.#open]) {
      if (stream.isServerClosing) stream.close();
      else if (isTime) stream.write(heartbeat);
    }
  }

  #forget(stream: EventStream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** A server of `node:http`. */
interface ListeningServer {
  readonly listening: boolean;
}

/** The server that a request came in by; undefined when it does not tell, or does not listen itself. */
function serverOf(node: object | undefined): ListeningServer | undefined {
  const { socket } = (node ?? {}) as { socket?: { server?: ListeningServer } };
  return socket?.server?.listening === true ? socket.server : undefined;
}

/** One answer that is written to as messages come. */
class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  /** The stream of the service that it writes; undefined until that is open. */
  source: OpenStream | undefined;
  readonly #logger: Logger;
  readonly #server: ListeningServer | undefined;
  readonly #onEnd: () => void;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOpen = true;

  /** @param onEnd called once */
  constructor(logger: Logger, server: ListeningServer | undefined, onEnd: () => void) {
    this.#logger = logger;
    this.#server = server;
    this.#onEnd = onEnd;
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES });
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      this.#controller = controller;
    };
    this.body = new ReadableStream<Uint8Array>({ start, cancel: () => this.close() }, strategy);
    this.write(beginning);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isServerClosing(): boolean {
    return this.#server?.listening === false;
  }

  message({ id, json }: { readonly id: string; readonly json: string }): void {
    this.write(encoder.encode(`id: ${id}\ndata: ${json}\n\n`));
  }

  /** The service has ended it. */
  end(): void {
    this.close();
  }

  write(bytes: Uint8Array): void {
    if (!this.#isOpen) return;
    const room = this.#controller.desiredSize ?? 0;
    if (bytes.length <= room || room === MAX_WAITING_BYTES) {
      this.#controller.enqueue(bytes);
      return;
    }
    const waitingBytes = MAX_WAITING_BYTES - room + bytes.length;
    this.#logger.warn({ waitingBytes }, 'a stream of events was cut because its client reads too slowly');
    const controller = this.#controller;
    this.#finish();
    // What waits is dropped with it.
    controller.error(new Error('The client reads too slowly.'));
  }

  /** Ends it after what waits. A second time changes nothing. */
  close(): void {
    if (!this.#isOpen) return;
    this.#finish();
    try {
      this.#controller.close();
    } catch {
      // The client has cancelled it.
    }
  }

  #finish(): void {
    this.#isOpen = false;
    this.source?.close();
    this.#onEnd();
  }
}

/** @throws ConfigurationError for anything but a number of streams */
export function checkMaxStreams(maxStreams: number): void {
  if (!Number.isSafeInteger(maxStreams) || maxStreams < 1)
    throw new ConfigurationError('createPushHandler(): "maxStreams" must be a whole number of streams, 1 or more.');
}
