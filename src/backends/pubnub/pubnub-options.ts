/** Options of the pubnub backend. */
export interface PubNubOptions {
  /** Host and port of the service. @default PubNub's own */
  origin?: string | undefined;
  /** How this server appears on channels. @default 'pushrail' */
  userId?: string | undefined;
}
