/** The part of the package `pubnub` that this backend uses; structural, so that our types need none of its own. */
export interface PubNubClient {
  publish(parameters: object): Promise<{ timetoken: string | number }>;
}
