import { PipelineError } from '../../domain/errors.ts';
import type { MissingRule, Tree } from '../../domain/model/fitted-model.ts';

/** The lines before the first tree of LightGBM's text format (version v4). */
export interface ModelHeader {
  /** Trees of one iteration: 1, or one per class. */
  readonly treesPerIteration: number;
  /** The objective's name and options, e.g. `binary sigmoid:1`. */
  readonly objective: string;
  /** Outputs are averaged over iterations (random forest) rather than summed. */
  readonly averageOutput: boolean;
  /** Length in bytes of each tree's text, in order. */
  readonly treeSizes: readonly number[];
}

/** INVALID_DATA when the text is not that of a LightGBM v3 or v4 model. */
export function parseHeader(text: string): ModelHeader {
  const lines = keyValues(text);
  const version = lines.get('version');
  if (!text.startsWith('tree\n') || (version !== 'v4' && version !== 'v3')) throw new PipelineError('INVALID_DATA', `This is not a LightGBM model in text format v3 or v4 (version: ${version ?? 'none'}).`);
  return {
    treesPerIteration: Number(lines.get('num_tree_per_iteration')),
    objective: lines.get('objective') ?? '',
    averageOutput: lines.has('average_output'),
    treeSizes: numbers(lines.get('tree_sizes')),
  };
}

const CATEGORICAL = 1;
const DEFAULT_LEFT = 2;

/**
 * One tree's text. Leaf values have the shrinkage already in them. LightGBM numbers children as the domain does: a split's index, or -1 - leaf.
 * The rules of its decisions are those of Tree::NumericalDecision and Tree::CategoricalDecision in LightGBM's tree.h.
 */
export function parseTree(text: string): Tree {
  const lines = keyValues(text);
  const leaves = Number(lines.get('num_leaves'));
  if (lines.get('is_linear') === '1') throw new PipelineError('UNSUPPORTED', 'The LightGBM model has linear trees (linear_tree=true), which the serving graph cannot hold.');
  const decision = leaves > 1 ? numbers(lines.get('decision_type')) : [];
  const threshold = Float64Array.from(leaves > 1 ? numbers(lines.get('threshold')) : []);
  const bitsets = categoryLists(numbers(lines.get('cat_boundaries')), numbers(lines.get('cat_threshold')));
  const categories = decision.map((type, node) => ((type & CATEGORICAL) === 0 ? undefined : bitsets[threshold[node] ?? -1]));
  decision.forEach((type, node) => {
    threshold[node] = (type & CATEGORICAL) !== 0 ? 0 : outsideZeroBand(threshold[node]!);
  });
  const tree: Tree = {
    splitFeature: Int32Array.from(leaves > 1 ? numbers(lines.get('split_feature')) : []),
    threshold,
    leftChild: Int32Array.from(leaves > 1 ? numbers(lines.get('left_child')) : []),
    rightChild: Int32Array.from(leaves > 1 ? numbers(lines.get('right_child')) : []),
    missing: decision.map(missingRule),
    categories,
    leafValue: Float64Array.from(numbers(lines.get('leaf_value'))),
  };
  if (tree.leafValue.length !== leaves || tree.leftChild.length !== leaves - 1 || tree.splitFeature.length !== leaves - 1) throw new PipelineError('INVALID_DATA', `Tree ${lines.get('Tree') ?? '?'} of the LightGBM model is cut short: ${leaves} leaves announced, ${tree.leafValue.length} found.`);
  return tree;
}

/** LightGBM's kZeroThreshold: its predictor reads every value this near to zero as 0.0, whatever the split says about missing values. */
const ZERO_THRESHOLD = Math.fround(1e-35);

/** A threshold among the values that act as 0.0 moves to the edge of them, so that all of them go where 0.0 goes. Binning often puts a threshold exactly there. */
function outsideZeroBand(threshold: number): number {
  if (Math.abs(threshold) > ZERO_THRESHOLD) return threshold;
  return threshold < 0 ? -ZERO_THRESHOLD * (1 + Number.EPSILON) : ZERO_THRESHOLD;
}

/** Bits 2 and 3: what counts as missing (0 nothing: NaN acts as zero; 1 zero and NaN; 2 NaN). Missing categories always go right. */
function missingRule(decisionType: number): MissingRule {
  if ((decisionType & CATEGORICAL) !== 0) return 'right';
  const left = (decisionType & DEFAULT_LEFT) !== 0;
  const kind = (decisionType >> 2) & 3;
  if (kind === 0) return 'zero';
  if (kind === 1) return left ? 'zeroLeft' : 'zeroRight';
  return left ? 'left' : 'right';
}

/** Categorical split k has the 32-bit words `boundaries[k]` to `boundaries[k + 1]` of `words`; bit b of word w stands for category 32 w + b, which goes left. */
function categoryLists(boundaries: readonly number[], words: readonly number[]): readonly (readonly number[])[] {
  return boundaries.slice(0, -1).map((start, k) => {
    const codes: number[] = [];
    words.slice(start, boundaries[k + 1]).forEach((word, w) => {
      for (let bit = 0; bit < 32; bit++) if (((word >>> bit) & 1) === 1) codes.push(w * 32 + bit);
    });
    return codes;
  });
}

function keyValues(text: string): Map<string, string> {
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    lines.set(at < 0 ? line : line.slice(0, at), at < 0 ? '' : line.slice(at + 1));
  }
  return lines;
}

const numbers = (text: string | undefined): readonly number[] => (text === undefined || text === '' ? [] : text.split(' ').map(toNumber));

/** C++ writes an infinite threshold (everything that is not missing goes left) as `inf`. */
function toNumber(text: string): number {
  const number = text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);
  if (Number.isNaN(number)) throw new PipelineError('INVALID_DATA', `The LightGBM model has ${JSON.stringify(text)} where a number belongs.`);
  return number;
}
