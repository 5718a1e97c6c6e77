/** The part of the package `onesignal-node` that this backend uses; structural, so that our types need none of its own. */
export interface OneSignalClient {
  createNotification(body: object): Promise<unknown>;
}
