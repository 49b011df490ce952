import type { LinearModel } from '../../domain/model/fitted-model.ts';
import { standardisationOf, type DenseRows, type Standardisation } from './dense-rows.ts';
import { logisticObjective, type Evaluation } from './logistic-objective.ts';
import { minimise } from './minimise.ts';
import { lbfgsStep, newtonStep } from './steps.ts';

export interface LogisticOptions {
  readonly classes: number;
  /** Inverse strength of the L2 penalty; Infinity: none. */
  readonly C: number;
  readonly fitIntercept: boolean;
  /** Converged when no derivative of the mean loss by a coefficient of a standardised column is larger. */
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly onIteration?: (iteration: number) => Promise<void>;
}

export interface LogisticFit {
  readonly model: LinearModel;
  readonly converged: boolean;
  /** Mean log loss after each iteration; of the training rows weighted as they are. */
  readonly trainLoss: readonly number[];
  /** Empty when there are no validation rows. */
  readonly validationLoss: readonly number[];
}

/** Logistic regression with an L2 penalty on all but the intercept: by Newton steps for two classes, by L-BFGS on the softmax form for more. Deterministic. */
export async function fitLogisticRegression(training: DenseRows, validation: DenseRows, options: LogisticOptions): Promise<LogisticFit> {
  const outputs = options.classes === 2 ? 1 : options.classes;
  const totalWeight = training.weights?.reduce((sum, weight) => sum + weight, 0) ?? training.rows;
  const standardisation = standardisationOf(training, options.fitIntercept);
  const shared = { outputs, fitIntercept: options.fitIntercept, standardisation, penalty: 1 / (options.C * totalWeight) };
  const objective = logisticObjective(training, shared);
  const validator = validation.rows === 0 ? undefined : logisticObjective(validation, shared);
  const trainLoss: number[] = [];
  const validationLoss: number[] = [];
  const { theta, converged } = await minimise<Evaluation>(
    {
      evaluate: objective.evaluate,
      step: outputs === 1 ? newtonStep(objective.hessian) : lbfgsStep(),
      tolerance: options.tolerance,
      maxIterations: options.maxIterations,
      onIteration: async (iteration, at, point) => {
        trainLoss.push(point.loss);
        if (validator !== undefined) validationLoss.push(validator.evaluate(at).loss);
        await options.onIteration?.(iteration);
      },
    },
    new Float64Array(objective.parameters),
  );
  return { model: inOwnUnits(theta, standardisation, outputs), converged, trainLoss, validationLoss };
}

function inOwnUnits(theta: Float64Array, { mean, scale }: Standardisation, outputs: number): LinearModel {
  const width = mean.length + 1;
  const coefficients = Array.from({ length: outputs }, (_, k) => scale.map((value, j) => theta[k * width + j]! / value));
  const intercepts = Float64Array.from(coefficients, (row, k) => row.reduce((sum, coefficient, j) => sum - coefficient * mean[j]!, theta[k * width + width - 1]!));
  return { kind: 'linear', coefficients, intercepts, link: outputs === 1 ? 'sigmoid' : 'softmax' };
}
