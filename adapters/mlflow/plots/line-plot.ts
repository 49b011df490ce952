import { COLOURS, GREY, dot, label, line, polyline, shorten, svgFile, text } from './svg.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

export interface LinePlot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
  /** Both axes from 0 to 1, with the diagonal; otherwise the axes follow the points. */
  readonly unitSquare: boolean;
  readonly dots?: boolean;
}

const [WIDTH, HEIGHT] = [560, 460];
const FRAME = { left: 66, top: 40, right: WIDTH - 24, bottom: HEIGHT - 56 };
const TICKS = 5;

/** Lines over two axes with a legend. Points that are not finite are left out. */
export function linePlot(plot: LinePlot): string {
  const series = plot.series.map(({ name, points }) => ({ name, points: points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) }));
  const all = series.flatMap(({ points }) => points);
  const [x, y] = plot.unitSquare ? [[0, 1] as const, [0, 1] as const] : [range(all.map(([value]) => value)), range(all.map(([, value]) => value))];
  const at = ([px, py]: readonly [number, number]): [number, number] => [
    FRAME.left + ((px - x[0]) / (x[1] - x[0])) * (FRAME.right - FRAME.left),
    FRAME.bottom - ((py - y[0]) / (y[1] - y[0])) * (FRAME.bottom - FRAME.top),
  ];
  return svgFile(WIDTH, HEIGHT, plot.title, [
    ...axes(plot, x, y, at),
    ...(plot.unitSquare ? [line(at([0, 0]), at([1, 1]), GREY, true)] : []),
    ...series.flatMap(({ points }, index) => [polyline(points.map(at), colourOf(index)), ...(plot.dots === true ? points.map((point) => dot(...at(point), colourOf(index))) : [])]),
    ...series.flatMap(({ name }, index) => legend(name, index, plot.unitSquare)),
  ]);
}

function axes(plot: LinePlot, x: readonly [number, number], y: readonly [number, number], at: (point: readonly [number, number]) => [number, number]): string[] {
  const parts = [text((FRAME.left + FRAME.right) / 2, HEIGHT - 14, plot.x, { size: 12, anchor: 'middle' }), text(18, (FRAME.top + FRAME.bottom) / 2, plot.y, { size: 12, anchor: 'middle', turned: true })];
  for (let tick = 0; tick <= TICKS; tick += 1) {
    const [tx, ty] = [x[0] + ((x[1] - x[0]) * tick) / TICKS, y[0] + ((y[1] - y[0]) * tick) / TICKS];
    const [[px], [, py]] = [at([tx, y[0]]), at([x[0], ty])];
    parts.push(line([px, FRAME.top], [px, FRAME.bottom], '#e6e6e6'), line([FRAME.left, py], [FRAME.right, py], '#e6e6e6'));
    parts.push(text(px, FRAME.bottom + 17, label(tx), { anchor: 'middle' }), text(FRAME.left - 7, py + 4, label(ty), { anchor: 'end' }));
  }
  return [...parts, line([FRAME.left, FRAME.bottom], [FRAME.right, FRAME.bottom], '#444444'), line([FRAME.left, FRAME.top], [FRAME.left, FRAME.bottom], '#444444')];
}

/** In the corner where curves seldom are: below the diagonal of a unit square, else above lines that fall. */
function legend(name: string, index: number, low: boolean): string[] {
  const y = low ? FRAME.bottom - 14 - 16 * index : FRAME.top + 18 + 16 * index;
  const x = FRAME.right - 190;
  return [line([x, y - 4], [x + 20, y - 4], colourOf(index)), text(x + 26, y, shorten(name, 28))];
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? GREY;
}

/** Least and greatest value; widened where they are one. */
function range(values: readonly number[]): readonly [number, number] {
  const [low, high] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), -Infinity)];
  if (low > high) return [0, 1];
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}
