/** The parts that we use of a Node or Express response. */
export interface ResponseLike {
  readonly headersSent: boolean;
  statusCode: number;
  writeHead(status: number): unknown;
  end(...parameters: never[]): unknown;
  once(event: 'close', listener: () => void): unknown;
  destroy(error?: Error): unknown;
}

/** Steps to take during a response. None may throw. */
export interface ResponseSteps {
  /** Runs before the head is written, so that cookies can still change. */
  beforeHead(): void;
  /** Runs before the response ends. The response waits for the promise, which must not reject. */
  beforeEnd(): Promise<void> | undefined;
  /** Runs when the connection was lost before the application ended the response. */
  afterLoss(): void;
  /** Runs last, when the response has been sent or its connection was lost. */
  afterClose(): void;
}

/** Runs steps during a response. Other middleware that wrapped the response earlier runs after them. */
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
    // Without the wait the response would have begun by now. It must look so, or the application may think that it
    // still has to answer.
    if (!response.headersSent) response.writeHead(response.statusCode);
    ending = waiting
      .then(() => void end.apply(response, parameters))
      .catch((error: Error) => void response.destroy(error));
    return response;
  };

  response.once('close', () => {
    if (!hasEnded) steps.afterLoss();
    steps.afterClose();
  });
}
