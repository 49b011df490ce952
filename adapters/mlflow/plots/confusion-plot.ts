import type { EvaluationReport } from '../../../domain/model/wrapped-artifact.ts';
import { rectangle, shorten, svgFile, text } from './svg.ts';

const [CELL, LEFT, TOP] = [92, 130, 76];
const NUMBER = new Intl.NumberFormat('en-US');

/** True classes as rows, predicted ones as columns; a cell is darker the greater its share of the row. */
export function confusionPlot({ classes, counts }: NonNullable<EvaluationReport['confusion']>): string {
  const parts = [text(LEFT + (classes.length * CELL) / 2, TOP - 30, 'predicted', { size: 12, anchor: 'middle' }), text(20, TOP + (classes.length * CELL) / 2, 'true', { size: 12, anchor: 'middle', turned: true })];
  for (const [row, name] of classes.entries()) {
    const rowCounts = counts[row] ?? [];
    const total = rowCounts.reduce((sum, count) => sum + count, 0);
    parts.push(text(LEFT - 8, TOP + row * CELL + CELL / 2 + 4, shorten(name, 15), { anchor: 'end' }), text(LEFT + row * CELL + CELL / 2, TOP - 8, shorten(name, 13), { anchor: 'middle' }));
    for (const [column, count] of rowCounts.entries()) parts.push(...cell(LEFT + column * CELL, TOP + row * CELL, count, total === 0 ? 0 : count / total));
  }
  return svgFile(LEFT + classes.length * CELL + 40, TOP + classes.length * CELL + 24, 'Confusion matrix (test rows)', parts);
}

function cell(x: number, y: number, count: number, share: number): string[] {
  const colour = share > 0.55 ? '#ffffff' : '#222222';
  // From white to the first colour of the plots.
  const [red, green, blue] = [[255, 0], [255, 114], [255, 178]].map(([from = 0, to = 0]) => Math.round(from + (to - from) * share));
  return [
    rectangle(x + 1, y + 1, CELL - 2, CELL - 2, `rgb(${red},${green},${blue})`),
    text(x + CELL / 2, y + CELL / 2, NUMBER.format(count), { size: 13, anchor: 'middle', colour }),
    text(x + CELL / 2, y + CELL / 2 + 16, `${(100 * share).toFixed(1)} %`, { size: 10, anchor: 'middle', colour }),
  ];
}
