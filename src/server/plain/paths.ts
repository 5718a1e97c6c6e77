import { ChannelPattern } from '../../core/channel-pattern.js';
import { decoded } from '../../web/percent-decoding.js';
import { type PlainPath, plainError } from './options.js';

/** A path that takes plain WebSockets, and the channel that it stands for. */
export interface FoundPath {
  readonly options: PlainPath;
  readonly channel: string;
}

/** The addresses of Pusher's protocol, which no pattern takes. */
const ofProtocol = /^\/apps?(?:\/|$)/;

/** The paths that take plain WebSockets. */
export class PlainPaths {
  /** Sorted: the most exact pattern first. */
  readonly #entries: readonly { readonly pattern: ChannelPattern; readonly options: PlainPath }[];

  /** @throws ConfigurationError for a path, or a channel, that is no pattern */
  constructor(paths: Readonly<Record<string, PlainPath>> = {}) {
    const entries = Object.entries(paths).map(([path, options]) => ({ pattern: checkedPath(path, options), options }));
    this.#entries = entries.sort((a, b) => (a.pattern.exactness < b.pattern.exactness ? -1 : 1));
    for (const [index, { pattern }] of this.#entries.entries()) {
      const before = this.#entries[index - 1]?.pattern;
      if (before?.exactness === pattern.exactness)
        throw plainError(pattern.text, `matches the same addresses as "${before.text}"`);
    }
  }

  /** Finds the most exact path for an address. @param url as a request has it, with its query */
  find(url: string = ''): FoundPath | undefined {
    if (this.#entries.length === 0) return undefined;
    const path = decoded(url.split('?', 1)[0] ?? '');
    if (ofProtocol.test(path)) return undefined;
    for (const { pattern, options } of this.#entries) {
      const parameters = pattern.match(path);
      if (parameters !== undefined) return { options, channel: filled(options.channel, parameters) };
    }
    return undefined;
  }
}

const DEFAULT_CHANNEL = '{channel}';

function checkedPath(path: string, { channel = DEFAULT_CHANNEL }: PlainPath): ChannelPattern {
  if (!path.startsWith('/')) throw plainError(path, 'must begin with "/"');
  if (ofProtocol.test(path)) throw plainError(path, "is taken by Pusher's protocol: write another first segment");
  const pattern = new ChannelPattern(path);
  const unknown = new ChannelPattern(channel).names.find((name) => !pattern.names.includes(name));
  if (unknown !== undefined)
    throw plainError(path, `has no parameter "{${unknown}}", which its channel "${channel}" needs`);
  return pattern;
}

function filled(channel: string = DEFAULT_CHANNEL, parameters: Readonly<Record<string, string>>): string {
  return channel.replace(/\{([A-Za-z_]\w*)\*?\}/g, (_, name: string) => parameters[name] ?? '');
}
