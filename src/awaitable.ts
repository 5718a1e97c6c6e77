/** What is there at once, or comes later. */
export type Awaitable<Value> = Value | Promise<Value>;
