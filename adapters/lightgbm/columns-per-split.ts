import type { HyperparameterValue } from '../../domain/recipe/recipe.ts';
import type { LabelledRows } from '../../ports/training-library.ts';

/**
 * scikit-learn's `max_features` as a share of the columns that vary, which is what LightGBM's feature_fraction_bynode is a share of. At least two columns: LightGBM takes no fewer.
 * An even number below columns / log2(number) is raised by one: LightGBM then draws with the low bits of a linear congruential generator, which alternate, so that with an even number of draws
 * a split every second column comes up two to three times as often as its neighbours (docs/adr/0009-trainers.md has the counts).
 */
export function columnShare(maxFeatures: HyperparameterValue, columns: number, training: LabelledRows): number {
  const usable = Math.max(1, varyingColumns(training, columns));
  const wanted = Math.min(usable, Math.max(2, wantedColumns(maxFeatures, columns)));
  const drawn = wanted % 2 === 0 && wanted < usable / Math.log2(wanted) ? wanted + 1 : wanted;
  return drawn / usable;
}

/** As scikit-learn counts them. 1 is the fraction 1.0 (see the catalogue). */
function wantedColumns(maxFeatures: HyperparameterValue, columns: number): number {
  if (maxFeatures === null) return columns;
  if (maxFeatures === 'sqrt') return Math.max(1, Math.floor(Math.sqrt(columns)));
  if (maxFeatures === 'log2') return Math.max(1, Math.floor(Math.log2(columns)));
  return Number(maxFeatures) > 1 ? Math.min(Number(maxFeatures), columns) : Math.max(1, Math.floor(Number(maxFeatures) * columns));
}

function varyingColumns({ rows, matrix }: LabelledRows, columns: number): number {
  let varying = 0;
  for (let column = 0; column < columns; column++) {
    const first = matrix[column] ?? NaN;
    for (let row = 1; row < rows; row++) {
      const value = matrix[row * columns + column] ?? NaN;
      if (value !== first && !(Number.isNaN(value) && Number.isNaN(first))) {
        varying++;
        break;
      }
    }
  }
  return varying;
}
