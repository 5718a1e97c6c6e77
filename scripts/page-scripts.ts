import type { BuildOptions } from 'esbuild';

// How the scripts of a page are built, of which the push handler makes client.js: as small as they can be.

/** Names of what only the client's own files use. Each is shortened. */
const inside = [
  'addAll',
  'authorizeEach',
  'clearMembers',
  'confirm',
  'errorOf',
  'errors',
  'follow',
  'forget',
  'hasEndpoint',
  'hasUserEndpoint',
  'hurry',
  'isAsked',
  'isCurrent',
  'isMeant',
  'isRefusal',
  'isWanted',
  'listener',
  'lose',
  'membersOf',
  'messages',
  'onReport',
  'plugIn',
  'refuse',
  'release',
  'reports',
  'retryAfter',
  'retryAfterMs',
  'returned',
  'setMembers',
  'states',
  'subscriptions',
  'unask',
  'woken',
];

/** Options of esbuild for `src/client/scripts/*.ts`. */
export const pageScripts: BuildOptions = {
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  mangleProps: new RegExp(`^(?:${inside.join('|')})$`),
  // Leaves out what only a bundle of the application can come to.
  define: { IS_PAGE_SCRIPT: 'true' },
};
