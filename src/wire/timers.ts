/** Longest time of a timer, in milliseconds. A timer with a longer time fires at once. Source: Node, `setTimeout`. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;
