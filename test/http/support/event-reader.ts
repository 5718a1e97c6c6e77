/** One event of a stream, as a browser's `EventSource` would hand it on. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Reads the server-sent events of an answer, one after the other. */
export class EventReader {
  readonly response: Response;
  /** What came that is no message: comments, and the time to ask again. */
  readonly others: string[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = '';

  constructor(response: Response) {
    if (response.body === null) throw new Error('The answer has no body.');
    this.response = response;
    this.#reader = response.body.getReader();
  }

  /** The next message; undefined when the stream has ended. */
  async next(): Promise<ServerSentEvent | undefined> {
    for (;;) {
      const block = await this.#block();
      if (block === undefined) return undefined;
      const fields = new Map(block.split('\n').map((line) => line.split(/: ?(.*)/s, 2) as [string, string]));
      const data = fields.get('data');
      if (data !== undefined) return { id: fields.get('id'), data: JSON.parse(data) };
      this.others.push(block);
    }
  }

  async #block(): Promise<string | undefined> {
    while (!this.#rest.includes('\n\n')) {
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#rest += this.#decoder.decode(value, { stream: true });
    }
    const end = this.#rest.indexOf('\n\n');
    const block = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 2);
    return block;
  }

  /** Goes away, as a page does that is closed. */
  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}
