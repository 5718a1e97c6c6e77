/**
 * Why the server closes a connection. 4000–4099: the client must not reconnect as it is; 4100–4199: it
 * waits and reconnects; 4200–4299: it reconnects at once. Source: "Error codes" in the Channels protocol.
 */
export const closeCode = {
  tlsOnly: 4000,
  noSuchApp: 4001,
  appDisabled: 4003,
  overAppQuota: 4004,
  noSuchPath: 4005,
  badVersion: 4006,
  unsupportedVersion: 4007,
  noVersion: 4008,
  unauthorized: 4009,
  overCapacity: 4100,
  reconnect: 4200,
  noPong: 4201,
} as const;

/** Code of the error that a client event over the rate limit is answered with; the connection stays. */
export const CLIENT_EVENT_RATE: number = 4301;

/** WebSocket (RFC 6455 7.4.1): the endpoint got data of a kind that it does not take. */
export const UNSUPPORTED_DATA: number = 1003;
