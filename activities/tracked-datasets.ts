import type { ColumnType, ScalarColumnType } from '../domain/data/columns.ts';
import type { RowRange } from '../domain/data/dataset-ref.ts';
import { elementType } from '../domain/features/value-types.ts';
import type { TrackedDataset } from '../ports/experiment-tracker.ts';
import type { PlannedLogModel } from './log-model.ts';

/** MLflow's column types. */
const MLFLOW_TYPES: Readonly<Record<ScalarColumnType, string>> = { Bool: 'boolean', Int32: 'integer', Int64: 'long', Float32: 'float', Float64: 'double', String: 'string', Bytes: 'binary', UnixTimestamp: 'long', Timestamp: 'datetime', Decimal: 'string', Uuid: 'string', Json: 'string' };

/** The parts of the training set as MLflow's dataset inputs; the digest is that of the whole set's contents and the part's rows. */
export function trackedDatasets({ plan, trainingSet, matrix }: PlannedLogModel): readonly TrackedDataset[] {
  const schema = JSON.stringify({ mlflow_colspec: trainingSet.schema.map(({ name, type }) => ({ ...mlflowType(type), name, required: false })) });
  return Object.entries(matrix.split as unknown as Readonly<Record<string, RowRange>>)
    .filter(([, { start, end }]) => end > start)
    .map(([context, { start, end }]) => ({
      name: `${plan.recipe.name}-${context}`,
      digest: `${trainingSet.hash.slice(0, 16)}-${start}-${end}`.slice(0, 36),
      sourceType: 'local',
      source: JSON.stringify({ uri: trainingSet.uri }),
      schema,
      profile: JSON.stringify({ num_rows: end - start, num_elements: (end - start) * trainingSet.schema.length }),
      context,
    }));
}

function mlflowType(type: ColumnType): Readonly<Record<string, unknown>> {
  const element = type === 'Timestamp' ? undefined : elementType(type);
  return element === undefined ? { type: MLFLOW_TYPES[type as ScalarColumnType] } : { type: 'array', items: { type: MLFLOW_TYPES[element] } };
}
