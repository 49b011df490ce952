/** What a project's own files import: the definitions of `feature_repo/`, and the types of what workflows take and give. */
export { defineEntity, defineFeatureRepository, defineFeatureService, defineFeatureView } from './domain/features/define.ts';
export { defineOnDemandFeatureView } from './domain/features/define-on-demand.ts';
export type { Entity, FeatureRepository, FeatureService, FeatureView, Field, OnDemandFeatureView, TableSource } from './domain/features/definitions.ts';
export type { JoinKeyType, ValueType } from './domain/features/value-types.ts';
export { PipelineError, type ErrorCode, type Problem } from './domain/errors.ts';
export type { MaterializeFeaturesInput, TrainModelInput } from './temporal/inputs.ts';
export { DEFAULT_TASK_QUEUE } from './temporal/task-queues.ts';
