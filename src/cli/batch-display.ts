import type { BatchCounts, BatchProgress, BatchResult, PushService } from '../index.js';
import { fitted } from './printable.js';
import { oneLine, type Terminal } from './terminal.js';

/** How often the line on a terminal is drawn, and how often a line is printed elsewhere, in milliseconds. */
const DRAW_MS = 100;
const PRINT_MS = 5_000;
/** The widest bar, and the narrowest that is worth its place, in columns. */
const WIDEST_BAR = 30;
const NARROWEST_BAR = 8;

const names = ['sent', 'failed', 'retrying', 'skipped', 'cancelled', 'debug'] as const;
type Counts = Record<(typeof names)[number], number>;

/** Shows how far a batch is: as a bar on a terminal, and by a line now and then elsewhere. */
export class BatchDisplay {
  readonly #terminal: Terminal;
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  /** What the batches before have done. */
  #before = noCounts();
  #now: BatchProgress | undefined;
  #lastError: string | undefined;
  #printed = 0;

  constructor(service: PushService, terminal: Terminal) {
    this.#terminal = terminal;
    let hasFailed = false;
    service.on('failed', ({ error }) => {
      hasFailed = true;
      this.#lastError = error?.message;
    });
    // What failed for good is worth more to know.
    service.on('retrying', ({ error }) => {
      if (!hasFailed) this.#lastError = error?.message;
    });
    const isDrawn = terminal.columns !== undefined;
    this.#timer = setInterval(() => (isDrawn ? this.#draw() : this.#print()), isDrawn ? DRAW_MS : PRINT_MS);
  }

  /** Messages that have ended. */
  get taken(): number {
    return sum(this.#counts);
  }

  get failed(): number {
    return this.#counts.failed;
  }

  get #counts(): Counts {
    const now: BatchCounts = this.#now ?? noCounts();
    return Object.fromEntries(names.map((name) => [name, this.#before[name] + now[name]])) as Counts;
  }

  progress(progress: BatchProgress): void {
    this.#now = progress;
  }

  stopping(): void {
    const { underWay = 0 } = this.#now ?? {};
    this.#terminal.print(`Stopping: ${underWay} under way.`);
  }

  /** Notes that a batch has ended, and that another one follows. */
  round(result: BatchResult): void {
    this.#before = this.#counts;
    this.#now = undefined;
    if (this.#terminal.columns === undefined && result.ended === 'provider away') this.#print();
  }

  /** Tells what the batch has done, and what is left. */
  ended(result: BatchResult): void {
    this.summary();
    const { left, ended, unknownConditions } = result;
    if (left === 0) return;
    const reason = ended === 'provider away' ? ': the provider is away' : '';
    const waiting = Object.entries(unknownConditions).map(([name, count]) => `${count} for the condition "${name}"`);
    const unknown =
      waiting.length === 0 ? '' : `; the module does not know what is waited for by ${waiting.join(', ')}`;
    this.#terminal.complain(oneLine(`${left} left${reason}${unknown}.`));
  }

  /** Tells what was done. */
  summary(): void {
    this.#terminal.draw();
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1);
    const counts = listed(this.#counts);
    this.#terminal.print(counts === '' ? 'Nothing was due.' : `${counts} in ${seconds} s${this.#reason}.`);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#terminal.draw();
  }

  get #reason(): string {
    const text = oneLine(this.#lastError ?? '').replace(/\.$/, '');
    return text === '' ? '' : `; last error: ${text}`;
  }

  #print(): void {
    const { taken } = this;
    if (taken === this.#printed) return;
    this.#printed = taken;
    const total = this.#now === undefined ? '' : ` of ${sum(this.#before) + this.#now.total}`;
    this.#terminal.print(`${taken}${total}: ${listed(this.#counts)}${this.#reason}`);
  }

  #draw(): void {
    const { columns = 0 } = this.#terminal;
    const counts = listed(this.#counts);
    if (this.#now === undefined) {
      this.#terminal.draw(
        fitted(counts === '' ? 'Waiting for messages' : `Waiting for messages · ${counts}`, columns - 1),
      );
      return;
    }
    const done = sum(this.#now as Counts);
    const text = ` ${done}/${this.#now.total}${counts === '' ? '' : ` · ${counts}`}`;
    const rate = done / ((performance.now() - this.#startedAt) / 1_000);
    const speed = done === 0 ? '' : ` · ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
    const room = columns - 1 - text.length;
    const withSpeed = room - speed.length >= NARROWEST_BAR ? speed : '';
    const width = Math.min(WIDEST_BAR, room - withSpeed.length);
    const line = `${width < NARROWEST_BAR ? '' : bar(done / Math.max(1, this.#now.total), width)}${text}${withSpeed}`;
    this.#terminal.draw(fitted(line.trimStart(), columns - 1));
  }
}

function bar(part: number, width: number): string {
  const full = Math.floor(part * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

function listed(counts: Counts): string {
  return names.flatMap((name) => (counts[name] === 0 ? [] : [`${counts[name]} ${name}`])).join(', ');
}

function sum(counts: Counts): number {
  return names.reduce((total, name) => total + counts[name], 0);
}

function noCounts(): Counts {
  return { sent: 0, failed: 0, retrying: 0, skipped: 0, cancelled: 0, debug: 0 };
}
