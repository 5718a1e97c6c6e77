import { it } from 'vitest';

// Pusher's documents as a list of behaviours. Each test names the document and the section that asks for it, and runs
// against the embedded server by bare sockets and bare HTTP requests, signed as the documents say: so the server is
// measured by the documents, and not by a client of ours. Where it departs from them on purpose, the test says what it
// does instead, and why. docs/backends/websocket-features.md lists the features of Pusher that it does not have.

type DocumentName =
  | 'protocol'
  | 'signatures'
  | 'httpApi'
  | 'webhooks'
  | 'terminating'
  | 'toUsers'
  | 'excluding'
  | 'channels'
  | 'presence'
  | 'cache'
  | 'events'
  | 'fallbacks';

/** The documents, by their addresses below https://pusher.com/docs/channels/, as they were in November 2026. */
const documents: Readonly<Record<DocumentName, string>> = {
  protocol: 'library_auth_reference/pusher-websockets-protocol',
  signatures: 'library_auth_reference/auth-signatures',
  httpApi: 'library_auth_reference/rest-api',
  webhooks: 'server_api/webhooks',
  terminating: 'server_api/terminating-user-connections',
  toUsers: 'server_api/server-to-user-messages',
  excluding: 'server_api/excluding-event-recipients',
  channels: 'using_channels/channels',
  presence: 'using_channels/presence-channels',
  cache: 'using_channels/cache-channels',
  events: 'using_channels/events',
  fallbacks: 'using_channels/websocket-fallbacks',
};

/** A document and the heading of one of its sections. */
export type Source = readonly [document: DocumentName, section: string];

/** A behaviour that a document asks for. */
export function behaviour(title: string, source: Source, check: () => Promise<void>): void {
  it(`${title} [${placeOf(source)}]`, check);
}

/**
 * A behaviour that no document asks for: the document says otherwise, or nothing.
 * @param title what the server does
 * @param source where one looks for it
 * @param why what is said there, and why the server does this
 */
export function departure(title: string, source: Source, why: string, check: () => Promise<void>): void {
  it(`${title} [departs from ${placeOf(source)}: ${why}]`, check);
}

function placeOf([document, section]: Source): string {
  return `${documents[document]}, ${section}`;
}
