import type { BackendCapabilities } from '../backends/contract/capabilities.js';
import type { AnyBackend } from '../backends/contract/wrapper.js';
import { PushError } from '../core/errors.js';
import { checkName } from '../core/names.js';
import { TimeSlices } from '../core/time-slices.js';
import type { OutgoingMessage } from '../wire/message.js';
import { RepeatedNames } from './repeated-names.js';

/**
 * Checks the channels of a message, and leaves out those that come again.
 * @param channels is changed, and may be what is returned: a copy of a very long list takes time
 * @param refused takes the channels that the backend does not take
 * @throws ValidationError for a channel that the backend does not take, unless there is `refused`
 */
export async function checkedChannels(
  channels: string[],
  message: OutgoingMessage,
  {
    backend,
    capabilities: { channelName },
  }: { readonly backend: AnyBackend; readonly capabilities: BackendCapabilities },
  refused?: Map<string, PushError>,
): Promise<readonly string[]> {
  const slices = new TimeSlices();
  const repeated = await RepeatedNames.in(channels, slices);
  let kept = 0;
  let checked = 0;
  /** Notes why a channel is not taken. One user's channel must not stop the message to the others. */
  const refuse = (channel: string, error: unknown): void => {
    const isRefusal = PushError.isPushError(error) && error.code === 'VALIDATION' && typeof channel === 'string';
    if (refused === undefined || !isRefusal) throw error;
    refused.set(channel, error);
  };
  const checkKept = (): void => {
    const added = checked === 0 && kept === channels.length ? channels : channels.slice(checked, kept);
    checked = kept;
    try {
      backend.checkChannels(added, message);
    } catch (error) {
      if (refused === undefined) throw error;
      for (const channel of added) {
        try {
          backend.checkChannels([channel], message);
        } catch (reason) {
          refuse(channel, reason);
        }
      }
    }
  };
  for (const [index, channel] of channels.entries()) {
    if (!repeated.isFirst(index, channel)) continue;
    try {
      checkName(channel, 'channel', channelName, backend.name);
      channels[kept++] = channel;
    } catch (error) {
      refuse(channel, error);
    }
    if (!slices.isOver) continue;
    checkKept();
    await slices.next();
  }
  channels.length = kept;
  checkKept();
  return refused === undefined || refused.size === 0 ? channels : channels.filter((channel) => !refused.has(channel));
}
