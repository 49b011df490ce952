import { PipelineError } from '../domain/errors.ts';
import type { ChampionScores, Scores } from '../domain/model/promotion.ts';
import type { WrappedArtifact } from '../domain/model/wrapped-artifact.ts';
import { describeQuality, scoreRows } from '../ml/evaluation/quality.ts';
import type { EvaluateInput, EvaluateNeeds } from './evaluate.ts';
import type { Planned } from './plan-ref.ts';

/**
 * The scores of the model that has the recipe's alias now, on the test rows; undefined when there is none. A model that cannot be read or run here (written by another
 * program, incomplete, of other columns) is no failure of the run that challenges it: it is unscorable, with the reason.
 */
export async function scoreChampion(ports: EvaluateNeeds, input: Planned<EvaluateInput>, labels: Float32Array): Promise<ChampionScores | undefined> {
  const { model_name: name, promote } = input.plan.recipe.registration;
  if (promote === undefined) return undefined;
  const current = await ports.tracker.versionByAlias(name, promote.alias);
  if (current === undefined) return undefined;
  try {
    return { version: current.version, metrics: await scoreVersion(ports, input, `models:/${name}/${current.version}`, labels) };
  } catch (error) {
    if (!(error instanceof PipelineError) || error.retryable) throw error;
    return { version: current.version, unscorable: error.message };
  }
}

async function scoreVersion(ports: EvaluateNeeds, input: Planned<EvaluateInput>, uri: string, labels: Float32Array): Promise<Scores> {
  const { data_interface: dataInterface, evaluation } = input.plan.recipe;
  const { folder } = await ports.tracker.modelFolder(uri);
  const { artifact, onnxFile } = await ports.modelPackager.read(folder);
  refuseIncomparable(input, artifact);
  const session = await ports.modelGraphs.openModel(onnxFile);
  try {
    const rows = await scoreRows(session, ports.datasetStore.read(input.trainingSet, { columns: session.inputs.map(({ name }) => name), rows: input.matrix.split.test }), labels);
    return describeQuality(dataInterface.task_type, evaluation.metrics, artifact.classes, { test: rows }).metrics['test'] ?? {};
  } finally {
    await session.close();
  }
}

function refuseIncomparable({ plan, trainingSet, matrix }: Planned<EvaluateInput>, { inputs, classes, features }: WrappedArtifact): void {
  const others = (features?.onDemand ?? []).filter(({ name, sha256 }) => plan.selection.onDemand?.some((view) => view.name === name && view.sha256 !== sha256) === true);
  if (others.length > 0) throw new PipelineError('UNSUPPORTED', `it was trained with another function of ${others.map(({ name }) => name).join(', ')}, whose features this training set has by the new one`);
  const absent = inputs.map(({ name }) => name).filter((name) => !trainingSet.schema.some((column) => column.name === name));
  if (absent.length > 0) throw new PipelineError('UNSUPPORTED', `it takes ${absent.join(', ')}, which this training set does not have`);
  if (classes.join('\n') === matrix.classes.join('\n')) return;
  throw new PipelineError('UNSUPPORTED', `its classes are ${classes.join(', ') || 'none'}, those of this training set ${matrix.classes.join(', ') || 'none'}`);
}
