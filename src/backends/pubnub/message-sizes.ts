import { ValidationError } from '../../errors.js';
import type { OutgoingMessage } from '../../message.js';
import { signalOf } from './envelope.js';
import { MAX_SIGNAL_BYTES } from './limits.js';

const backend = 'pubnub';

/** Checks the sizes that depend on a message's options. @throws ValidationError */
export function checkSizes(message: OutgoingMessage, maxPayloadBytes: number): void {
  const { signal, meta } = message.backendOptions ?? {};
  if (signal === true) {
    const bytes = Buffer.byteLength(JSON.stringify(signalOf(message.event, message.data)));
    if (bytes <= MAX_SIGNAL_BYTES) return;
    throw new ValidationError(
      `The signal takes ${bytes} bytes as {"event":…,"data":…}; PubNub takes ${MAX_SIGNAL_BYTES}. Shorten event and data, or send a message.`,
      { backend },
    );
  }
  if (meta === undefined) return;
  // It goes into the address, percent-encoded.
  const bytes = Buffer.byteLength(message.payload) + encodeURIComponent(JSON.stringify(meta)).length;
  if (bytes <= maxPayloadBytes) return;
  throw new ValidationError(
    `The message takes ${bytes} bytes with its "meta"; the pubnub backend takes ${maxPayloadBytes}. Send less.`,
    { backend },
  );
}
