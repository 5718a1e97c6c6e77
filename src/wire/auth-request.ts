/**
 * Most channels in one request of a page for permission to subscribe. Each calls a rule of the application, and a rule
 * may look something up.
 */
export const MAX_AUTH_CHANNELS = 100;
