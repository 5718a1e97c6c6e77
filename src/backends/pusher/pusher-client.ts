/** The part of the package `pusher` that this backend uses; structural, so that our types need none of its own. */
export interface PusherClient {
  trigger(channels: string | string[], event: string, data: unknown, parameters?: object): Promise<unknown>;
}
