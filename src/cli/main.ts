#!/usr/bin/env node
import { runCommandLine } from './command-line.js';

const { exitCode } = await runCommandLine(process.argv.slice(2));
process.exitCode = exitCode;
