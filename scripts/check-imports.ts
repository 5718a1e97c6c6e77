// Holds the imports of src/ to the rules of scripts/house.ts.
import { globSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { refusedImports } from './imports.ts';

const root = join(import.meta.dirname, '..');
const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  peerDependencies: Record<string, string>;
};
const peers = Object.keys(peerDependencies);

const files = globSync('**/*.ts', { cwd: join(root, 'src') }).map((file) => file.split(sep).join('/'));
const refused = files.flatMap((file) => refusedImports(file, readFileSync(join(root, 'src', file), 'utf8'), peers));
for (const { file, line, reason } of refused) console.error(`src/${file}:${line}: ${reason} (scripts/house.ts)`);
if (refused.length > 0) process.exitCode = 1;
else console.log(`${files.length} files keep to the rules of imports.`);
