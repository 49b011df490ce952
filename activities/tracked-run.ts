import { formatInstant } from '../domain/instant.ts';
import type { RegisteredVersion, RunStatus } from '../ports/experiment-tracker.ts';
import type { Ports } from '../ports/ports.ts';
import type { PlanRef } from './plan-ref.ts';
import { withHeartbeats } from './activity-runtime.ts';

/** Whether the alias was set; not, when another version has it than the one that was compared with. */
export interface PromoteResult {
  readonly set: boolean;
}

/** Opens, closes and registers what a run leaves behind. */
export function createTrackedRun({ tracker, clock }: Pick<Ports, 'tracker' | 'clock'>) {
  return {
    startRun: (input: { readonly plan: PlanRef; readonly key: string; readonly workflowId: string }): Promise<{ readonly runId: string; readonly experimentId: string }> =>
      withHeartbeats(async () => {
        const { recipe, recipeName, asOfMicros } = input.plan;
        const experimentId = await tracker.ensureExperiment(recipe.name);
        const name = `${recipe.name}-${formatInstant(asOfMicros).slice(0, 19).replace(/[:T]/g, '-')}`;
        const tags = { 'mlflow.source.name': `recipes/${recipeName}`, 'mlflow.source.type': 'JOB', 'ml_pipeline.recipe': recipeName, 'ml_pipeline.workflow_id': input.workflowId, 'ml_pipeline.as_of': formatInstant(asOfMicros) };
        const { runId } = await tracker.ensureRun({ key: input.key, experimentId, name, startMillis: Math.floor(asOfMicros / 1000), tags });
        return { runId, experimentId };
      }),
    finishRun: (input: { readonly runId: string; readonly status: Exclude<RunStatus, 'RUNNING'> }): Promise<void> => withHeartbeats(() => tracker.finishRun(input.runId, input.status, Math.floor(clock.now() / 1000))),
    registerVersion: (input: { readonly name: string; readonly modelId: string; readonly runId: string; readonly recipe: string }): Promise<RegisteredVersion> =>
      withHeartbeats(() => tracker.ensureVersion({ name: input.name, modelId: input.modelId, runId: input.runId, tags: { 'ml_pipeline.recipe': input.recipe } })),
    promote: (input: { readonly name: string; readonly alias: string; readonly version: string; readonly replaces: string | null }): Promise<PromoteResult> =>
      withHeartbeats(async () => ({ set: await tracker.setAlias(input.name, input.alias, input.version, input.replaces) })),
  };
}
