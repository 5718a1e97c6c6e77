/** The code of an error of a client, of a database, or of Node. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) {
    // Node tries each address of a host, and reports all failures.
    return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
  }
  return typeof error.code === 'string' ? error.code : undefined;
}

export function isOneOf<Code>(known: readonly Code[], code: Code | undefined): boolean {
  return code !== undefined && known.includes(code);
}
