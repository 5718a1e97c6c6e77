/** The commands of a process, and what they answer. */
export type Commands<C> = { [Name in keyof C]: (...parameters: never[]) => unknown };

export interface Call {
  readonly id: number;
  readonly command: string;
  readonly parameters: readonly unknown[];
}

export type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** Makes this process answer commands until the one that started it ends or lets go. */
export function answer<C extends Commands<C>>(commands: C): void {
  process.on('message', (call: Call) => void respond(commands, call));
  process.on('disconnect', () => process.exit());
}

async function respond<C extends Commands<C>>(commands: C, { id, command, parameters }: Call): Promise<void> {
  const send = (response: Answer): void => void process.send?.(response);
  try {
    send({ id, result: await commands[command as keyof C](...(parameters as never[])) });
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}
