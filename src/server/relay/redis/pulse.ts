import type { Link } from './link.js';

/** Between two PINGs, in milliseconds. */
const PING_MS = 2000;
/** How long a connection may give no sign of life while an answer is due, in milliseconds. */
const SILENCE_MS = 5000;
/** Most answers in a row that may prove nothing. */
const UNPROVEN = 2;

/**
 * Finds out whether a connection is alive. It counts the time in which this process could have read something, so a
 * process that stood still does not take that for the silence of Redis.
 */
export class Pulse {
  readonly #link: Link;
  readonly #proves: () => Promise<boolean>;
  /** When the last PING was sent that was answered, by `Date.now()`. */
  #provenAt = Date.now();
  #isDue = false;
  #sinceSentMs = 0;
  #silentMs = 0;
  /** Number of answers in a row that proved nothing. */
  #unproven = 0;

  /** @param proves whether an answered PING proves that all is heard that can be */
  constructor(link: Link, proves: () => Promise<boolean> = async () => true) {
    this.#link = link;
    this.#proves = proves;
  }

  get provenAt(): number {
    return this.#provenAt;
  }

  /** Something has come from the server. */
  heard(): void {
    this.#silentMs = 0;
  }

  /** All was heard that was there at this time, by `Date.now()`. */
  proved(at: number): void {
    this.#silentMs = 0;
    this.#unproven = 0;
    this.#provenAt = Math.max(at, this.#provenAt);
  }

  tick(ms: number): void {
    this.#sinceSentMs += ms;
    if (this.#isDue) {
      this.#silentMs += ms;
      if (this.#silentMs > SILENCE_MS) this.#judge();
    } else if (this.#sinceSentMs >= PING_MS) void this.#ping();
  }

  /** Ends the connection, unless an answer is there already that could not be read yet. */
  #judge(): void {
    setImmediate(() => {
      if (this.#silentMs > SILENCE_MS) this.#link.destroy(new Error(`no answer for ${SILENCE_MS} ms`));
    });
  }

  async #ping(): Promise<void> {
    const at = Date.now();
    this.#isDue = true;
    this.#sinceSentMs = 0;
    this.#silentMs = 0;
    try {
      const [answer, isProof] = await Promise.all([this.#link.send(['PING']), this.#proves()]);
      this.#isDue = false;
      // A library that has lost track of the answers says nothing.
      if (answer === undefined) return;
      if (isProof) this.proved(at);
      else if (++this.#unproven > UNPROVEN) this.#link.destroy(new Error('the server is cut off from its Cluster'));
    } catch {
      // The connection is lost, which its user hears, or it will fall silent.
    }
  }
}
