/** Options of the onesignal backend. */
export interface OneSignalOptions {
  /** @default 'https://api.onesignal.com' */
  apiRoot?: string | undefined;
}
