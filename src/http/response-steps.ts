/** What is used of a response of Node's or of Express. */
export interface ResponseLike {
  readonly headersSent: boolean;
  statusCode: number;
  writeHead(status: number): unknown;
  end(...parameters: never[]): unknown;
  once(event: 'close', listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

/** What is to be done in the course of a response. None of it may throw. */
export interface ResponseSteps {
  /** Before the head is written, with the cookies in it. */
  beforeHead(): void;
  /** Before the end. The response waits for the promise, if there is one, which must not reject. */
  beforeEnd(): Promise<void> | undefined;
  /** When the connection was lost before the application ended the response. */
  afterLoss(): void;
}

/** Has steps carried out in the course of a response. Who wrapped the response before does their part after ours. */
export function takeSteps(response: ResponseLike, steps: ResponseSteps): void {
  const methods = response as unknown as Record<'writeHead' | 'end', (...parameters: unknown[]) => unknown>;
  const { writeHead, end } = methods;
  let hasEnded = false;
  let ending: Promise<void> | undefined;

  methods.writeHead = (...parameters) => {
    steps.beforeHead();
    return writeHead.apply(response, parameters);
  };

  methods.end = (...parameters) => {
    hasEnded = true;
    const waiting = ending ?? steps.beforeEnd();
    if (waiting === undefined) return end.apply(response, parameters);
    // From here on the response counts as begun, as without the wait: nobody may take it for an answer that is still missing.
    if (!response.headersSent) response.writeHead(response.statusCode);
    ending = waiting
      .then(() => void end.apply(response, parameters))
      .catch((error: Error) => void response.destroy(error));
    return response;
  };

  response.once('close', () => {
    if (!hasEnded) steps.afterLoss();
  });
}
