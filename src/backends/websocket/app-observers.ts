import type { Channel } from './channel.js';

/** An event on one channel, on its way out. */
export interface Publication {
  readonly channel: string;
  readonly event: string;
  /** The data as text; for anything but a text, its JSON. */
  readonly data: string;
  /** A client's user, where the event is a client's on a presence channel. */
  readonly userId?: string | undefined;
}

/** Called with every event of an application, whoever sent it. */
export type PublicationListener = (publication: Publication) => void;

/** Hears who comes to an application's channels and goes, and what clients say. Must not throw, nor keep the channel. */
export interface ChannelObserver {
  /** @param newUser on a presence channel, the user who was not there before */
  joined(channel: Channel, newUser: string | undefined): void;
  /** @param goneUser on a presence channel, the user whose last connection it was */
  left(channel: Channel, goneUser: string | undefined): void;
  clientEvent(event: Publication, socketId: string): void;
  /** Someone subscribed to a cache channel that has no event. */
  cacheMissed(channel: string): void;
}

/** Who is told of what happens in an application. Where nobody is, it costs nothing. */
export interface AppObservers {
  readonly onPublication?: PublicationListener | undefined;
  readonly channels?: ChannelObserver | undefined;
}
