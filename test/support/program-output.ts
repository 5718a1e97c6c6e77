import { execFile } from 'node:child_process';

/**
 * Runs a program to its end, in a folder and with the environment of this process.
 * @param environment what is to be different there; `undefined` takes a variable away
 * @returns what it prints
 * @throws Error with all that it prints, when it fails or takes longer than 15 s
 */
export function programOutput(
  file: string,
  args: readonly string[],
  directory: string,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const options = { cwd: directory, env: { ...process.env, ...environment }, timeout: 15_000 };
  return new Promise((resolve, reject) => {
    execFile(file, args, options, (error, printed, complained) => {
      if (error === null) resolve(printed);
      else reject(new Error(`${error.message}\n${printed}${complained}`));
    });
  });
}
