/** Thrown by a command that has already said what went wrong: the exit code is 1. */
export class CommandFailed extends Error {}
