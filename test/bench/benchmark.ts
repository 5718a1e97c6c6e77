/** What a figure is to reach. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** What two contestants measured, of which a line's ratio is made. */
export interface Measured {
  /** Such as `µs of CPU`, or `deliveries a CPU-second`. */
  readonly unit: string;
  /** Our figure of each round. */
  readonly ours: readonly number[];
  readonly peer: readonly number[];
  /** Such as `socket.io`, or `1 000 channels` for a comparison with ourselves. */
  readonly peerName: string;
}

/** One line of the table. */
export interface Result {
  /** What was compared, such as `socket.io: deliveries per CPU-second`. */
  readonly what: string;
  /** The figure of each round: a ratio, unless `unit` says otherwise. */
  readonly rounds: readonly number[];
  /** @default '×' */
  readonly unit?: string;
  /** Without one, the figure is reported only. */
  readonly target?: Target;
  /** The figures that the ratio is made of, for the table to show both; `compared` makes a line that has them. */
  readonly measured?: Measured;
  /** Where the line is one point of a curve: `p99` at 150 events a second. */
  readonly point?: { readonly curve: string; readonly at: number };
}

/** Tells of the progress of long work. */
export type Progress = (line: string) => void;

/** How much is measured: `quick` has fewer rounds and smaller sizes, and says whether all of it still runs. */
export type Form = 'full' | 'quick';

/** One benchmark. It throws when something broke, not when a target is missed. */
export interface Benchmark {
  readonly name: string;
  /** What a reader of docs/performance.md learns from the table. @default the name */
  readonly question?: string;
  /** What is measured, with the sizes of the form. */
  about(form: Form): string;
  run(progress: Progress, form: Form): Promise<readonly Result[]>;
}
