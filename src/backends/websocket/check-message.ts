import { isSocketId } from '../../channels-protocol/names.js';
import { ValidationError } from '../../errors.js';
import type { BackendMessageOptions } from '../request.js';

/** @throws ValidationError for an `except` that is no socket id, and for any `backendOptions` */
export function checkMessage({ except, backendOptions }: BackendMessageOptions): void {
  if (except !== undefined && !isSocketId(except)) {
    throw new ValidationError('"except" must be a socket id such as "1234.5678", or a request that carries one.');
  }
  const [option] = Object.keys(backendOptions ?? {});
  if (option !== undefined) {
    throw new ValidationError(
      `The websocket backend takes no "backendOptions", and was given "${option}": leave it out.`,
    );
  }
}
