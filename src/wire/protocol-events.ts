/** Whether an event belongs to the Pusher protocol and is no message of the application. */
export function isProtocolEvent(event: string): boolean {
  return event.startsWith('pusher:') || event.startsWith('pusher_internal:');
}
