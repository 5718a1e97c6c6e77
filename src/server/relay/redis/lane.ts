import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { CommandPart, Link } from './link.js';
import { deliveryError, failed, NotSentError, ReplyError } from './plain-errors.js';
import type { Pulse } from './pulse.js';
import type { Script } from './transport.js';

/** Answers after which a call is made again, because Redis has not carried it out: it may be at another server. */
const elsewhere: ReadonlySet<string> = new Set(['MOVED', 'ASK', 'TRYAGAIN']);
/** Wait before a call is made again whose slot is being moved, in milliseconds. */
const MOVING_WAIT_MS = 50;

/** A connection for commands, as a lane uses it. */
export interface CommandLink {
  readonly link: Link;
  readonly pulse: Pulse;
  /** The scripts that it has loaded, by their SHA. */
  readonly loaded: Set<string>;
}

/** Where the calls of a partition go. */
export interface Route {
  /** The connection to the server that has the partition; undefined while there is none. */
  commands(): CommandLink | undefined;
  /** The server does not have the partition, or not all of it. Resolves when it is known which one does. */
  misrouted(error: ReplyError): Promise<void>;
  /** The server is a replica. */
  refused(error: ReplyError): void;
}

interface Call {
  readonly number: number;
  readonly script: Script;
  /** Number of keys, keys and parameters, as the command has them. */
  readonly rest: readonly CommandPart[];
  readonly startedAt: number;
  /** Whether it is at a server, and has no answer yet. */
  isSent: boolean;
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

const shas = new WeakMap<Script, string>();

function shaOf(script: Script): string {
  let sha = shas.get(script);
  if (sha === undefined) {
    sha = createHash('sha1').update(script.text).digest('hex');
    shas.set(script, sha);
  }
  return sha;
}

/**
 * The calls of one partition, which reach Redis in their order. When one of them comes back, because its script is not
 * there or the slot has moved, later ones wait until all that are under way have their answers. Then those that came
 * back go first.
 */
export class Lane {
  readonly #route: Route;
  readonly #timeoutMs: number;
  /** All that have not settled, the oldest first. */
  readonly #calls = new Set<Call>();
  readonly #returned: Call[] = [];
  readonly #held: Call[] = [];
  #underWay = 0;
  #numbers = 0;
  #error: ReplyError | undefined;
  /** Whether nothing has succeeded since a call came back. */
  #isAstray = false;
  #isClosed = false;

  constructor(route: Route, timeoutMs: number) {
    this.#route = route;
    this.#timeoutMs = timeoutMs;
  }

  run(script: Script, keys: readonly string[], parameters: readonly CommandPart[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call: Call = {
        number: this.#numbers++,
        script,
        rest: [String(keys.length), ...keys, ...parameters.map(asWritten)],
        startedAt: performance.now(),
        isSent: false,
        resolve,
        reject,
      };
      this.#calls.add(call);
      if (this.#error !== undefined) this.#held.push(call);
      else this.#send(call);
    });
  }

  /** Ends calls whose time is over. */
  sweep(): void {
    const oldest = performance.now() - this.#timeoutMs;
    for (const call of this.#calls) {
      if (call.startedAt > oldest) return;
      const reason = `no answer within ${this.#timeoutMs} ms`;
      this.#settle(call, failed(call.script.name, call.isSent ? 'unknown' : 'rejected', reason, true));
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const call of this.#calls)
      this.#settle(call, failed(call.script.name, call.isSent ? 'unknown' : 'rejected', 'the relay was closed', false));
  }

  #send(call: Call): void {
    const commands = this.#isClosed ? undefined : this.#route.commands();
    if (commands === undefined) {
      const reason = this.#isClosed ? 'the relay was closed' : undefined;
      this.#settle(call, deliveryError(call.script.name, new NotSentError(reason)));
      return;
    }
    const { link, loaded, pulse } = commands;
    const sha = shaOf(call.script);
    if (!loaded.has(sha)) {
      loaded.add(sha);
      // When it is refused, the script is not there, and the call comes back.
      link.send(['SCRIPT', 'LOAD', call.script.text]).catch(() => {});
    }
    this.#await(call, pulse, link.send(['EVALSHA', sha, ...call.rest], call.script.isBinary));
  }

  /** Sends a script whole, which loads it too. */
  #sendWhole(call: Call): void {
    const commands = this.#route.commands();
    if (commands === undefined || this.#isClosed) {
      this.#send(call);
      return;
    }
    const { link, loaded, pulse } = commands;
    loaded.add(shaOf(call.script));
    this.#await(call, pulse, link.send(['EVAL', call.script.text, ...call.rest], call.script.isBinary));
  }

  #await(call: Call, pulse: Pulse, answer: Promise<unknown>): void {
    call.isSent = true;
    this.#underWay++;
    answer.then(
      (result) => {
        pulse.heard();
        this.#isAstray = false;
        this.#calls.delete(call);
        call.resolve(result);
        this.#answered();
      },
      (error: Error) => {
        call.isSent = false;
        if (error instanceof ReplyError) {
          pulse.heard();
          if (this.#comesBack(call, error)) return this.#answered();
          if (error.code === 'READONLY') this.#route.refused(error);
        }
        this.#settle(call, deliveryError(call.script.name, error));
        this.#answered();
      },
    );
  }

  #comesBack(call: Call, error: ReplyError): boolean {
    if (!this.#calls.has(call) || (error.code !== 'NOSCRIPT' && !elsewhere.has(error.code))) return false;
    this.#returned.push(call);
    // Where both happen, another server is asked first.
    if (this.#error === undefined || elsewhere.has(error.code)) this.#error = error;
    return true;
  }

  #answered(): void {
    this.#underWay--;
    if (this.#error !== undefined && this.#underWay === 0) void this.#goOn(this.#error);
  }

  async #goOn(error: ReplyError): Promise<void> {
    if (error.code !== 'NOSCRIPT') {
      await this.#route.misrouted(error).catch(() => {});
      if (error.code !== 'MOVED' || this.#isAstray) await wait(MOVING_WAIT_MS, undefined, { ref: false });
    }
    const returned = this.#returned.splice(0).sort((one, other) => one.number - other.number);
    const held = this.#held.splice(0);
    this.#error = undefined;
    this.#isAstray = true;
    for (const call of returned) {
      if (!this.#calls.has(call)) continue;
      if (error.code === 'NOSCRIPT') this.#sendWhole(call);
      else this.#send(call);
    }
    for (const call of held) if (this.#calls.has(call)) this.#send(call);
  }

  #settle(call: Call, error: Error): void {
    this.#calls.delete(call);
    call.reject(error);
  }
}

/** Both libraries take Buffers alone. */
function asWritten(part: CommandPart): CommandPart {
  return typeof part === 'string' || Buffer.isBuffer(part)
    ? part
    : Buffer.from(part.buffer, part.byteOffset, part.byteLength);
}
