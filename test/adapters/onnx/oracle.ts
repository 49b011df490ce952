import type { FittedModel, LinearModel, Tree, TreeEnsemble } from '../../../domain/model/fitted-model.ts';
import type { FittedPreprocessor } from '../../../domain/model/preprocessor.ts';

/** A raw row: a number (NaN is missing) or text (null is missing) for each input column. */
export type RawRow = Readonly<Record<string, number | string | null>>;

/** What the definitions in domain/model say, written down as plainly as can be: the measure for the graphs. */
export function preprocess(preprocessor: FittedPreprocessor, row: RawRow): readonly number[] {
  const values = new Map(Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? Math.fround(value) : value]));
  const oneHot: number[] = [];
  const encoded = new Set<string>();
  for (const step of preprocessor.steps) {
    if (step.type === 'impute') {
      for (const [name, constant] of Object.entries(step.values)) if (Number.isNaN(values.get(name))) values.set(name, constant);
    } else if (step.type === 'standardize') {
      for (const [name, centre] of Object.entries(step.mean)) values.set(name, Math.fround(Math.fround((values.get(name) as number) - centre) / step.scale[name]!));
    } else {
      for (const [name, categories] of Object.entries(step.categories)) {
        encoded.add(name);
        const value = values.get(name);
        for (const category of categories) oneHot.push((typeof value === 'number' ? value === Number(category) : value === category) ? 1 : 0);
      }
    }
  }
  const numbers = preprocessor.inputs.filter(({ name, type }) => type === 'number' && !encoded.has(name)).map(({ name }) => values.get(name) as number);
  return [...numbers, ...oneHot];
}

export function rawOutputs(model: FittedModel, row: readonly number[]): readonly number[] {
  return model.kind === 'trees' ? treeOutputs(model, row) : linearOutputs(model, row);
}

function treeOutputs(ensemble: TreeEnsemble, row: readonly number[]): readonly number[] {
  return Array.from({ length: ensemble.outputs }, (_, output) => {
    const leaves = ensemble.trees.filter((_tree, i) => i % ensemble.outputs === output).map((tree) => leafOf(tree, row));
    const sum = leaves.reduce((total, leaf) => total + leaf, 0);
    return ensemble.aggregation === 'mean' ? sum / leaves.length : sum;
  });
}

function leafOf(tree: Tree, row: readonly number[]): number {
  if (tree.splitFeature.length === 0) return tree.leafValue[0]!;
  let node = 0;
  while (node >= 0) node = (goesLeft(tree, node, row[tree.splitFeature[node]!]!) ? tree.leftChild : tree.rightChild)[node]!;
  return tree.leafValue[-node - 1]!;
}

function goesLeft(tree: Tree, node: number, value: number): boolean {
  const rule = tree.missing[node]!;
  const nearZero = Math.abs(value) <= Math.fround(1e-35);
  if (rule === 'left' && Number.isNaN(value)) return true;
  if (rule === 'right' && Number.isNaN(value)) return false;
  if (rule === 'zeroLeft' && (Number.isNaN(value) || nearZero)) return true;
  if (rule === 'zeroRight' && (Number.isNaN(value) || nearZero)) return false;
  const compared = Number.isNaN(value) ? 0 : value;
  const categories = tree.categories[node];
  return categories === undefined ? compared <= tree.threshold[node]! : categories.includes(compared);
}

function linearOutputs(model: LinearModel, row: readonly number[]): readonly number[] {
  return model.coefficients.map((coefficients, output) => coefficients.reduce((sum, coefficient, i) => sum + coefficient * row[i]!, model.intercepts[output]!));
}

/** Probabilities by class, or the prediction alone. */
export function linked(model: FittedModel, raw: readonly number[]): readonly number[] {
  if (model.link === 'identity') return raw;
  if (model.link === 'softmax') {
    const greatest = Math.max(...raw);
    const powers = raw.map((value) => Math.exp(value - greatest));
    return powers.map((power) => power / powers.reduce((a, b) => a + b));
  }
  const one = model.link === 'sigmoid' ? 1 / (1 + Math.exp(-raw[0]!)) : clip(raw[0]!);
  if (raw.length === 1) return [1 - one, one];
  const total = raw.map(clip).reduce((a, b) => a + b);
  return raw.map((value) => (total === 0 ? 1 / raw.length : clip(value) / total));
}

function clip(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
