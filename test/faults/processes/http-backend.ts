import { type OutgoingMessage, PushServiceWrapper, type RequestContext } from 'pushrail';

/** What the provider of these tests is sent for each channel. */
export interface Sent {
  readonly id: string;
  readonly channel: string;
  readonly data: unknown;
  readonly pid: number;
}

interface HttpOptions {
  readonly port: number;
  /** Hears of each request before it is made. */
  readonly begins?: ((id: string) => void) | undefined;
}

/** A backend of one's own. Each channel is a request to a provider on this machine. */
export class HttpBackend extends PushServiceWrapper {
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    super({});
    this.#options = options;
  }

  protected async sendData(channel: string, { id, data }: OutgoingMessage, { signal }: RequestContext): Promise<void> {
    const { port, begins } = this.#options;
    begins?.(id);
    const sent: Sent = { id, channel, data, pid: process.pid };
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: JSON.stringify(sent), signal });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`The provider answered ${response.status}.`);
  }
}
