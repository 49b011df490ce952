import { honoured, int, oneOf, refused } from './hyperparameter-rule.ts';

/** Hyperparameters of scikit-learn that mean the same for every estimator. */
export const threadsRule = refused([null], 'the number of threads is set where the training worker is configured, and does not change the model.');
export const verboseRule = refused([0, false, -1], 'progress is shown by the workflow, and metrics per iteration go to the run.');
export const warmStartRule = refused([false], 'each training starts anew, so that a run can be repeated.');
export const randomStateRule = honoured(0, [int(0, 2 ** 31 - 1), oneOf(null)], 'The seed. Left out or null it is 0: a run can always be repeated.');
export const classWeightRule = honoured(null, [oneOf(null, 'balanced')], 'As row weights of the training rows: `balanced` weighs a row by rows / (classes * rows of its class).', { balanced_subsample: 'weights are fixed before the trees are grown, not per tree.' });
