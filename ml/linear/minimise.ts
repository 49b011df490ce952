export interface Point {
  readonly value: number;
  readonly gradient: Float64Array;
}

export interface Minimisation<P extends Point> {
  /** Value and gradient at a place. */
  readonly evaluate: (theta: Float64Array) => P;
  /** The step from here at full length; it must go downhill. */
  readonly step: (theta: Float64Array, point: P) => Float64Array;
  /** Converged when no derivative is larger. */
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly onIteration?: (iteration: number, theta: Float64Array, point: P) => Promise<void>;
}

/** Goes downhill from `start` by the given steps, each halved until the value falls enough (Armijo's rule). */
export async function minimise<P extends Point>(problem: Minimisation<P>, start: Float64Array): Promise<{ readonly theta: Float64Array; readonly converged: boolean }> {
  let theta = start;
  let point = problem.evaluate(theta);
  for (let iteration = 1; iteration <= problem.maxIterations; iteration++) {
    if (largest(point.gradient) <= problem.tolerance) return { theta, converged: true };
    const next = lineSearch(problem, theta, point);
    // Nowhere lower to go within float64: as good as it gets, which counts as converged only by the tolerance.
    if (next === undefined) break;
    ({ theta, point } = next);
    await problem.onIteration?.(iteration, theta, point);
  }
  return { theta, converged: largest(point.gradient) <= problem.tolerance };
}

/** Share of the fall that the slope promises, which a step must reach. */
const SUFFICIENT = 1e-4;
const HALVINGS = 40;

function lineSearch<P extends Point>(problem: Minimisation<P>, theta: Float64Array, point: P): { readonly theta: Float64Array; readonly point: P } | undefined {
  const step = problem.step(theta, point);
  const slope = dot(step, point.gradient);
  // Near the minimum the fall is smaller than the rounding of the value.
  const rounding = 1e-14 * Math.abs(point.value);
  for (let halving = 0, length = 1; halving < HALVINGS; halving++, length /= 2) {
    const candidate = theta.map((value, at) => value + length * step[at]!);
    const reached = problem.evaluate(candidate);
    if (reached.value <= point.value + SUFFICIENT * length * slope + rounding) return { theta: candidate, point: reached };
  }
  return undefined;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!;
  return sum;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
