import { createHmac } from 'node:crypto';
import { credentials } from './record.ts';

/** What a member shows to be let into a presence channel. */
export function grantFor(socketId: string, channel: string, user: string): { auth: string; channel_data: string } {
  const member = JSON.stringify({ user_id: user });
  const signature = createHmac('sha256', credentials.secretKey).update(`${socketId}:${channel}:${member}`);
  return { auth: `${credentials.pubKey}:${signature.digest('hex')}`, channel_data: member };
}
