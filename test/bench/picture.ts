import type { Result } from './benchmark.ts';
import type { Recorded } from './record.ts';
import { median } from './statistics.ts';

/** Colours and marks that differ without colour too, on the picture's own white card: it reads the same on a dark page. */
const LOOKS: readonly { readonly colour: string; mark(x: number, y: number): string }[] = [
  { colour: '#0a58ca', mark: (x, y) => `<circle cx="${x}" cy="${y}" r="5"/>` },
  { colour: '#b02a37', mark: (x, y) => `<path d="M${x - 5} ${y - 5}h10v10h-10z"/>` },
  { colour: '#5c636a', mark: (x, y) => `<path d="M${x} ${y - 6}l6 11h-12z"/>` },
  { colour: '#146c43', mark: (x, y) => `<path d="M${x} ${y - 7}l6 7l-6 7l-6 -7z"/>` },
];
/** The text is 16 units high: 12 pixels on a phone that is 360 wide. */
const WIDTH = 480;
const HEIGHT = 400;
const PLOT = { left: 74, right: 460, top: 84, bottom: 330 };
/** Of the axis of delays, in milliseconds. */
const DECADES = [1, 10, 100, 1000, 10_000];

interface Curve {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly ms: number }[];
}

/** A curve for each contestant, from the lines that are points of one kind. */
function curves(results: readonly Result[], kind: string): readonly Curve[] {
  const found = new Map<string, Map<number, number>>();
  const put = (name: string, at: number, figures: readonly number[]): void => {
    const points = found.get(name) ?? new Map<number, number>();
    found.set(name, points.set(at, median(figures)));
  };
  for (const { point, rounds, measured } of results) {
    if (point?.curve !== kind) continue;
    put('pushrail', point.at, measured?.ours ?? rounds);
    if (measured) put(measured.peerName, point.at, measured.peer);
  }
  return [...found].map(([name, points]) => ({ name, points: [...points].map(([at, ms]) => ({ at, ms })) }));
}

/**
 * Latency under a rising load as an SVG: the p99 of each contestant, with a logarithmic axis.
 * @throws where the benchmark `latency` has not been run
 */
export function latencyPicture({ latency }: Recorded): string {
  if (latency === undefined) throw new Error('The results have none of the benchmark latency.');
  const all = curves(latency.results, 'p99');
  const rates = latency.results.flatMap(({ point }) => point?.at ?? []);
  const [low, high] = [Math.log10(DECADES[0] ?? 1), Math.log10(DECADES.at(-1) ?? 1)];
  const x = (at: number): number => Math.round(PLOT.left + (at / Math.max(...rates)) * (PLOT.right - PLOT.left));
  const y = (ms: number): number => {
    const height = (Math.min(Math.max(Math.log10(ms), low), high) - low) / (high - low);
    return Math.round(PLOT.bottom - height * (PLOT.bottom - PLOT.top));
  };
  const grid = DECADES.map(
    (ms) =>
      `<path d="M${PLOT.left} ${y(ms)}H${PLOT.right}" stroke="#dee2e6"/><text x="${PLOT.left - 8}" y="${y(ms) + 5}" text-anchor="end">${ms < 1000 ? `${ms} ms` : `${ms / 1000} s`}</text>`,
  );
  const ticks = [...new Set(rates)]
    // Labels that would touch are left out.
    .filter((rate, index, list) => index === 0 || x(rate) - x(list[index - 1] ?? 0) >= 40)
    .map((rate) => `<text x="${x(rate)}" y="${PLOT.bottom + 22}" text-anchor="middle">${rate}</text>`);
  const lines = all.map(({ points }, index) => {
    const { colour, mark } = LOOKS[index % LOOKS.length] ?? { colour: '#000', mark: () => '' };
    const path = points.map(({ at, ms }, step) => `${step === 0 ? 'M' : 'L'}${x(at)} ${y(ms)}`).join('');
    const marks = points.map(({ at, ms }) => mark(x(at), y(ms))).join('');
    return `<g fill="${colour}"><path d="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>${marks}</g>`;
  });
  const legend = all.map(({ name }, index) => {
    const { colour, mark } = LOOKS[index % LOOKS.length] ?? { colour: '#000', mark: () => '' };
    const left = 16 + index * 112;
    return `<g fill="${colour}">${mark(left + 6, 55)}</g><text x="${left + 18}" y="60">${name}</text>`;
  });
  const told = all.map(
    ({ name, points }) => `${name} ${points.map(({ at, ms }) => `${at}: ${Math.round(ms)} ms`).join(', ')}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH * 1.25}" role="img" font-family="system-ui, sans-serif" font-size="16" fill="#212529">
<title>The time within which 99 of 100 deliveries arrive, by events a second</title>
<desc>${told.join('; ')}.</desc>
<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#fff"/>
<text x="16" y="28" font-weight="600">99 of 100 deliveries arrive within</text>
${[...legend, ...grid, ...ticks, ...lines].join('\n')}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 18}" text-anchor="middle">events a second</text>
</svg>
`;
}
