import type { MissingRule, Tree, TreeEnsemble } from '../../domain/model/fitted-model.ts';

/** All trees as the flat arrays of ONNX's TreeEnsemble (ai.onnx.ml 5). */
export interface PackedTrees {
  readonly roots: Int32Array;
  readonly features: Int32Array;
  readonly modes: Uint8Array;
  readonly splits: Float64Array;
  readonly missingGoesLeft: Uint8Array;
  /** The child's number among all splits, or among all leaves where `...IsLeaf` is 1. */
  readonly leftIds: Int32Array;
  readonly leftIsLeaf: Uint8Array;
  readonly rightIds: Int32Array;
  readonly rightIsLeaf: Uint8Array;
  readonly leafWeights: Float64Array;
  readonly leafOutputs: Int32Array;
  /** Members of the membership splits in node order, each list closed by a NaN. */
  readonly members: Float64Array;
}

/** TreeEnsemble's nodes_modes. */
const LESS_OR_EQUAL = 0;
const MEMBER = 6;

/** `columnOf`: the matrix column that a split on this feature with this rule reads. */
export function packTrees(ensemble: TreeEnsemble, columnOf: (feature: number, rule: MissingRule) => number): PackedTrees {
  const nodes = ensemble.trees.reduce((total, tree) => total + Math.max(1, tree.splitFeature.length), 0);
  const leaves = ensemble.trees.reduce((total, tree) => total + tree.leafValue.length, 0);
  const packed = emptyArrays(ensemble.trees.length, nodes, leaves);
  const members: number[] = [];
  let firstNode = 0;
  let firstLeaf = 0;
  ensemble.trees.forEach((tree, index) => {
    packed.roots[index] = firstNode;
    packed.leafWeights.set(tree.leafValue, firstLeaf);
    packed.leafOutputs.fill(index % ensemble.outputs, firstLeaf, firstLeaf + tree.leafValue.length);
    if (tree.splitFeature.length === 0) packSingleLeaf(packed, firstNode, firstLeaf);
    else packSplits(packed, tree, firstNode, firstLeaf, columnOf, members);
    firstNode += Math.max(1, tree.splitFeature.length);
    firstLeaf += tree.leafValue.length;
  });
  return { ...packed, members: Float64Array.from(members) };
}

type Arrays = Omit<PackedTrees, 'members'>;

function emptyArrays(trees: number, nodes: number, leaves: number): Arrays {
  return {
    roots: new Int32Array(trees),
    features: new Int32Array(nodes),
    modes: new Uint8Array(nodes),
    splits: new Float64Array(nodes),
    missingGoesLeft: new Uint8Array(nodes),
    leftIds: new Int32Array(nodes),
    leftIsLeaf: new Uint8Array(nodes),
    rightIds: new Int32Array(nodes),
    rightIsLeaf: new Uint8Array(nodes),
    leafWeights: new Float64Array(leaves),
    leafOutputs: new Int32Array(leaves),
  };
}

/** ONNX has no tree without a split: both ways lead to the one leaf. */
function packSingleLeaf(packed: Arrays, node: number, leaf: number): void {
  packed.leftIds[node] = leaf;
  packed.rightIds[node] = leaf;
  packed.leftIsLeaf[node] = 1;
  packed.rightIsLeaf[node] = 1;
}

function packSplits(packed: Arrays, tree: Tree, firstNode: number, firstLeaf: number, columnOf: (feature: number, rule: MissingRule) => number, members: number[]): void {
  for (let i = 0; i < tree.splitFeature.length; i++) {
    const node = firstNode + i;
    const rule = tree.missing[i]!;
    packed.features[node] = columnOf(tree.splitFeature[i]!, rule);
    packed.missingGoesLeft[node] = missingGoesLeft(tree, i, rule) ? 1 : 0;
    packTest(packed, node, tree.threshold[i]!, tree.categories[i], members);
    packChild(packed.leftIds, packed.leftIsLeaf, node, tree.leftChild[i]!, firstNode, firstLeaf);
    packChild(packed.rightIds, packed.rightIsLeaf, node, tree.rightChild[i]!, firstNode, firstLeaf);
  }
}

/** A split on an empty set of categories compares with NaN: nothing is less or equal. */
function packTest(packed: Arrays, node: number, threshold: number, categories: readonly number[] | undefined, members: number[]): void {
  if (categories === undefined || categories.length === 0) {
    packed.splits[node] = categories === undefined ? threshold : Number.NaN;
    packed.modes[node] = LESS_OR_EQUAL;
    return;
  }
  packed.modes[node] = MEMBER;
  for (const category of categories) members.push(category);
  members.push(Number.NaN);
}

function packChild(ids: Int32Array, isLeaf: Uint8Array, node: number, child: number, firstNode: number, firstLeaf: number): void {
  isLeaf[node] = child < 0 ? 1 : 0;
  ids[node] = child < 0 ? firstLeaf - child - 1 : firstNode + child;
}

function missingGoesLeft(tree: Tree, node: number, rule: MissingRule): boolean {
  if (rule !== 'zero') return rule === 'left' || rule === 'zeroLeft';
  const categories = tree.categories[node];
  return categories === undefined ? tree.threshold[node]! >= 0 : categories.includes(0);
}
