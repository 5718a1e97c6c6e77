import { type Ending, type Environment, runCheck } from './check.ts';
import { onesignal } from './onesignal.ts';
import { pubnub } from './pubnub.ts';
import { pusher } from './pusher.ts';

// Sends to real accounts, where the environment names some: `npm run test:live`. What it runs with is in docs/testing.md.

const set: Environment = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) => (value?.trim() ? [[name, value.trim()]] : [])),
);

const endings: Ending[] = [];
for (const check of [pusher, pubnub, onesignal]) endings.push(await runCheck(check, set, (line) => console.log(line)));

const counts = [...new Set(endings)].map((ending) => `${endings.filter((other) => other === ending).length} ${ending}`);
console.log(counts.join(', '));
if (endings.some((ending) => ending === 'failed' || ending === 'half set')) process.exitCode = 1;
