/** The part of the package `onesignal-node` that this backend uses; structural, so that our types need none of its own. */
export interface OneSignalClient {
  createNotification(body: object): Promise<OneSignalResponse>;
  cancelNotification(notificationId: string): Promise<OneSignalResponse>;
  viewNotification(notificationId: string): Promise<OneSignalResponse>;
}

/** What its methods resolve with. There is more to it, the request with the key in it among that: never show it whole. */
export interface OneSignalResponse {
  readonly statusCode: number;
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown;
}
