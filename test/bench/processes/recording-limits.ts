/** Connections of each pool; `pg` has ten as well. */
export const CONNECTIONS = 10;
