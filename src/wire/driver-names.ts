// Written by `npm run generate` from src/backends/registry.ts.

/** The name of the client's driver for each backend of the server. */
export const driverNames = {
  websocket: 'pusher',
  remote: 'pusher',
  pusher: 'pusher',
  pubnub: 'pubnub',
  onesignal: 'onesignal',
  console: 'console',
} as const;

/** The name of a driver. */
export type DriverName = (typeof driverNames)[keyof typeof driverNames];

/** The driver that goes with a backend; undefined for one that has none. */
export function driverFor(backend: string): DriverName | undefined {
  return Object.hasOwn(driverNames, backend) ? driverNames[backend as keyof typeof driverNames] : undefined;
}
