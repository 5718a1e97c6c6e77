const CLEAR_LINE = '\r\u001b[K';

/**
 * A line at the bottom of the terminal that is drawn again and again, such as a progress bar. What the application
 * writes meanwhile stands above it: a log, or the backend `console`.
 */
export class LiveLine {
  #isDrawn = false;
  #restore: (() => void) | undefined;

  /** @param line one that fits the width; without it the line goes */
  draw(line?: string): void {
    if (!process.stdout.isTTY) return;
    this.#clear();
    if (line === undefined) {
      this.#restore?.();
      this.#restore = undefined;
      return;
    }
    this.#restore ??= this.#giveWay();
    this.#isDrawn = true;
    this.#write?.(line);
  }

  #write: ((text: string) => unknown) | undefined;

  #clear(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    this.#write?.(CLEAR_LINE);
  }

  /** Clears the line before anybody else writes. @returns a function that ends it */
  #giveWay(): () => void {
    const { stdout, stderr } = process;
    this.#write = stdout.write.bind(stdout);
    const before = [stdout, stderr].map((stream) => [stream, stream.write] as const);
    for (const [stream, write] of before)
      stream.write = ((...args: Parameters<typeof write>) => {
        this.#clear();
        return Reflect.apply(write, stream, args);
      }) as typeof write;
    return () => {
      for (const [stream, write] of before) stream.write = write;
    };
  }
}
