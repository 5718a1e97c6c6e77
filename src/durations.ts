/** The longest that a timer of Node's can wait, in milliseconds; one that is set to more fires at once. Source: Node, `setTimeout`. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;
