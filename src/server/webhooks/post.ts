/** How long the receiver may take to answer, in milliseconds. */
const DEADLINE_MS = 10_000;

/** One attempt to post a webhook. */
export class WebhookPost {
  readonly #controller = new AbortController();

  /** Ends the attempt. */
  abort(): void {
    this.#controller.abort();
  }

  /**
   * Posts it, without following redirects. Never throws.
   * @returns undefined when the receiver took it, else in words what went wrong
   */
  async send(url: string, headers: Headers, body: string): Promise<string | undefined> {
    const { signal } = this.#controller;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.abort();
    }, DEADLINE_MS).unref();
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      // The status is enough: a body may stall, so it is not waited for.
      response.body?.cancel().catch(() => {});
      return response.ok ? undefined : `it answered ${response.status}`;
    } catch (error) {
      return isLate
        ? `it did not answer within ${DEADLINE_MS / 1000} s`
        : `it could not be reached: ${reasonOf(error)}`;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The reason of a failed `fetch`, which is in the cause of its error. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : error;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
