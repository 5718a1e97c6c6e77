import type { Fault } from '../../../providers/faults.js';
import { respond } from '../../../providers/provider-answer.js';

/**
 * For `ProviderServer.always`: spoils the next requests to a path and no others, such as heartbeats in between.
 * @param times how many requests it spoils
 */
export function spoiling(path: string, fault: Fault, times: number = Number.POSITIVE_INFINITY): Fault {
  let left = times;
  return (answer, response) => {
    if (left <= 0 || response.req.url?.startsWith(path) !== true) return respond(answer, response);
    left--;
    fault(answer, response);
  };
}
