import type { Destination, Destinations } from './destination.js';
import type { PlannedMessage } from './plan.js';

/**
 * What `ordered` calls share that wait for each other: channels. Those of two backends with the same name are two.
 */
export function orderKeys(
  parts: readonly { readonly destination: Destination; readonly planned: Pick<PlannedMessage, 'channels'> }[],
  { areNamed }: Destinations,
): Set<string> {
  return new Set(
    parts.flatMap(({ destination: { name }, planned: { channels } }) =>
      areNamed ? channels.map((channel) => `${name} ${channel}`) : channels,
    ),
  );
}
