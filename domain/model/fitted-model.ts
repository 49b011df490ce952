/**
 * A fitted model in a form of our own, between the library that trained it and the graph that serves it.
 * Inputs are rows of float32 in the order of the preprocessor's output columns.
 */
export type FittedModel = TreeEnsemble | LinearModel;

/** How raw outputs become what the model says. `share`: 0..1 scores, clipped to [0, 1]; one is the probability of class 1, several are divided by their sum (all equal where it is 0). */
export type Link = 'identity' | 'sigmoid' | 'softmax' | 'share';

export interface TreeEnsemble {
  readonly kind: 'trees';
  /** Raw outputs: 1 for regression and binary classification, else one per class. Tree i adds to output `i % outputs`. */
  readonly outputs: number;
  readonly trees: readonly Tree[];
  /** `mean`: divided by the number of trees of that output (random forest). */
  readonly aggregation: 'sum' | 'mean';
  readonly link: Link;
}

/**
 * A binary tree as arrays. Nodes 0..splits-1 are splits, node 0 the root; a child >= 0 is a split, a child < 0 is leaf `-child - 1`.
 * A tree with a single leaf has no splits.
 */
export interface Tree {
  readonly splitFeature: Int32Array;
  /** float64 as trained; a row goes left when its value <= threshold (numeric) or is a member of `categories` (categorical). */
  readonly threshold: Float64Array;
  readonly leftChild: Int32Array;
  readonly rightChild: Int32Array;
  /** Where a missing value goes. */
  readonly missing: readonly MissingRule[];
  /** Codes that go left, for categorical splits; undefined for numeric ones. Whole numbers, and so are the values of such a feature. */
  readonly categories: readonly (readonly number[] | undefined)[];
  readonly leafValue: Float64Array;
}

/** `zero`: NaN acts as 0.0. `left`, `right`: NaN goes there. `zeroLeft`, `zeroRight`: NaN and |x| <= 1e-35 (rounded to float32, as LightGBM has it) go there. */
export type MissingRule = 'zero' | 'left' | 'right' | 'zeroLeft' | 'zeroRight';

export interface LinearModel {
  readonly kind: 'linear';
  /** One row of coefficients per raw output. */
  readonly coefficients: readonly Float64Array[];
  readonly intercepts: Float64Array;
  readonly link: Link;
}
