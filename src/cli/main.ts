#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

/** How long the process may go on when the command has ended, in milliseconds. */
const GRACE_MS = 1_000;

const { exitCode } = await runCommandLine(process.argv.slice(2));
process.exitCode = exitCode;
// A module of the application may hold the process, by a pool of connections that it does not close.
setTimeout(() => process.exit(), GRACE_MS).unref();
