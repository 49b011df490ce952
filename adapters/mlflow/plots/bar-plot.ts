import { COLOURS, label, rectangle, shorten, svgFile, text } from './svg.ts';

const [WIDTH, ROW, TOP, NAMES] = [640, 22, 40, 220];

/** Horizontal bars from zero, the greatest first, at most `most` of them. Values are not negative. */
export function barPlot(title: string, values: Readonly<Record<string, number>>, most = 25): string {
  const bars = Object.entries(values).filter(([, value]) => Number.isFinite(value)).sort(([, a], [, b]) => b - a).slice(0, most);
  const greatest = bars[0]?.[1] ?? 0;
  const room = WIDTH - NAMES - 90;
  const parts = bars.flatMap(([name, value], index) => {
    const y = TOP + index * ROW;
    const width = greatest === 0 ? 0 : (Math.max(0, value) / greatest) * room;
    return [text(NAMES - 8, y + 15, shorten(name, 32), { anchor: 'end' }), rectangle(NAMES, y + 3, width, ROW - 6, COLOURS[0]), text(NAMES + width + 6, y + 15, label(value))];
  });
  return svgFile(WIDTH, TOP + bars.length * ROW + 16, title, parts);
}
