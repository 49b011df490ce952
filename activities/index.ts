import type { Ports } from '../ports/ports.ts';
import { createBuildTrainingSet } from './build-training-set.ts';
import { createEvaluate } from './evaluate.ts';
import { createLoadSpine } from './load-spine.ts';
import { createLogModel } from './log-model.ts';
import { createMaterialize } from './materialize.ts';
import { createNamespaceActivities, type NamespaceFacts } from './namespace.ts';
import { createPlanTraining } from './plan-training.ts';
import { createPrepareMatrix } from './prepare-matrix.ts';
import { createTrackedRun } from './tracked-run.ts';
import { createTrain } from './train.ts';

export type { EvaluationResult } from './evaluate.ts';
export type { ViewWindow } from './materialize.ts';
export type { PlanRef } from './plan-ref.ts';
export type { PreparedMatrix } from './prepare-matrix.ts';
export type { TrainedArtifacts } from './train.ts';

/** The activities of the main task queue. */
export function createPipelineActivities(ports: Ports, facts: NamespaceFacts) {
  return {
    ...createNamespaceActivities(facts),
    ...createPlanTraining(ports),
    ...createLoadSpine(ports),
    ...createBuildTrainingSet(ports),
    ...createPrepareMatrix(ports),
    ...createEvaluate(ports),
    ...createTrackedRun(ports),
    ...createLogModel(ports),
    ...createMaterialize(ports),
  };
}

/** The activities of the training queue. */
export function createTrainingActivities(ports: Ports) {
  return createTrain(ports);
}

export type PipelineActivities = ReturnType<typeof createPipelineActivities>;
export type TrainingActivities = ReturnType<typeof createTrainingActivities>;
