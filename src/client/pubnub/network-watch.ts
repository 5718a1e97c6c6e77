interface PageLike {
  addEventListener?(event: string, listener: () => void): void;
  removeEventListener?(event: string, listener: () => void): void;
}

/** Listens to what the browser says of its network. Outside a browser nobody says anything. */
export class NetworkWatch {
  readonly #page = globalThis as PageLike;
  readonly #onOffline: () => void;
  readonly #onOnline: () => void;

  constructor({ onOffline, onOnline }: { onOffline: () => void; onOnline: () => void }) {
    this.#onOffline = onOffline;
    this.#onOnline = onOnline;
    this.#page.addEventListener?.('offline', onOffline);
    this.#page.addEventListener?.('online', onOnline);
  }

  close(): void {
    this.#page.removeEventListener?.('offline', this.#onOffline);
    this.#page.removeEventListener?.('online', this.#onOnline);
  }
}
