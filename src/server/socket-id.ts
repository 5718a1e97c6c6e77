import { randomInt } from 'node:crypto';
import { taggedHalf } from './relay/node-requests.js';

/** Each half of a socket id is below this: two random halves are more than anybody can guess. */
const MAX_HALF_ID = 2 ** 47;

/** Makes the id of a socket. @param nodeTag tells those of this node from those of others, see `newNodeTag` */
export function newSocketId(nodeTag: number | undefined): string {
  const first = nodeTag === undefined ? randomInt(1, MAX_HALF_ID) : taggedHalf(nodeTag);
  return `${first}.${randomInt(1, MAX_HALF_ID)}`;
}
