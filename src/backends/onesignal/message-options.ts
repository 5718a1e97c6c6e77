/** Title and body in a further language. */
export type OneSignalTexts = {
  title: string;
  body?: string | undefined;
};

/** A button of a notification on Android and iOS. */
export type OneSignalButton = {
  id: string;
  text: string;
  /** Name of an icon in the app. */
  icon?: string | undefined;
};

/** A button of a notification in Chrome. */
export type OneSignalWebButton = OneSignalButton & {
  /** Opened when the button is clicked. */
  url: string;
};

/**
 * What the onesignal backend takes as `backendOptions` of a message.
 * Source: https://documentation.onesignal.com/reference/push-notification
 */
export type OneSignalMessageOptions = {
  /** When to send: a Date, or an ISO 8601 string with its time zone. @default at once */
  sendAfter?: Date | string | undefined;
  /** Send to each user at the same local time, or when they were last active. @default to all at once */
  delayedOption?: 'timezone' | 'last-active' | undefined;
  /** The local time for `delayedOption: 'timezone'`: `'9:00AM'`, `'21:45'` or `'09:45:30'`. */
  deliveryTimeOfDay?: string | undefined;
  /** Notifications a minute, where throttling is on in the dashboard; 0 for no limit. @default the dashboard's */
  throttlePerMinute?: number | undefined;
  /** `false` sends past the frequency cap that is set in the dashboard. @default the dashboard's */
  enableFrequencyCap?: boolean | undefined;
  /** How long a device that is offline may still get it, in seconds, up to 2 419 200 (28 days). @default 259 200 (3 days) */
  ttl?: number | undefined;
  /** 10 at once, 5 when it suits the device's battery. @default 10; 5 without a notification, as Apple demands */
  priority?: 5 | 10 | undefined;
  /** Replaces an earlier notification with the same id, on phones; up to 64 bytes (Apple's limit). */
  collapseId?: string | undefined;
  /** The same on the web: notifications with different topics do not replace each other. */
  webPushTopic?: string | undefined;
  /** The texts in further languages, by BCP 47 tag. A `body` is needed exactly when the notification has one. */
  translations?: Record<string, OneSignalTexts> | undefined;
  /** Opened on phones in place of `notification.url`: a scheme of the app's own is possible. */
  appUrl?: string | undefined;
  /** Opened on the web in place of `notification.url`. */
  webUrl?: string | undefined;
  /** Address of an image that the notification shows. */
  image?: string | undefined;
  /** Up to 3. */
  buttons?: OneSignalButton[] | undefined;
  /** Up to 2. */
  webButtons?: OneSignalWebButton[] | undefined;
  /** What to do with the app's badge on iOS; goes with `iosBadgeCount`. */
  iosBadgeType?: 'SetTo' | 'Increase' | undefined;
  iosBadgeCount?: number | undefined;
  /** Name of a sound file in the app. */
  iosSound?: string | undefined;
  /** How much the notification may disturb. @default 'active' */
  iosInterruptionLevel?: 'active' | 'passive' | 'time_sensitive' | 'critical' | undefined;
  /** UUID of the Android notification channel. */
  androidChannelId?: string | undefined;
  /** Devices show notifications of the same group together. */
  group?: string | undefined;
  /** Wakes the app in the background as well. @default false; without a notification it is always sent so */
  contentAvailable?: boolean | undefined;
  /** UUID of a template, which brings the texts when the message has no notification. */
  templateId?: string | undefined;
  /** What the template's placeholders stand for. */
  customData?: Record<string, unknown> | undefined;
  /** Segments that do not get it, with `target: 'segments'`. */
  excludedSegments?: string[] | undefined;
  /** The name in the dashboard, up to 128 characters. */
  name?: string | undefined;
  /**
   * Any further keys of the request, as the API calls them; they go before ours. The application, the recipients, the
   * idempotency key and the data cannot be set here.
   */
  body?: Record<string, unknown> | undefined;
};
