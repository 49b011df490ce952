import { PipelineError } from '../../domain/errors.ts';
import { checkName } from '../mlflow/checks.ts';
import { checkArtifactUri } from './artifact-place.ts';
import { allPages, pageToken } from './pages.ts';
import type { Server } from './server.ts';
import { unless } from './tolerate.ts';

interface ExperimentJson {
  readonly experiment_id: string;
  readonly name: string;
  readonly artifact_location: string;
  readonly lifecycle_stage: string;
}

/** The id of the experiment of that name, made when missing: names are unique on the server. Refused where its artifacts would lie out of reach. */
export async function ensureExperiment(server: Server, name: string): Promise<string> {
  checkName('experiment name', name, /^$/, 'a name that is not empty');
  const found = (await findByName(server, name)) ?? (await create(server, name));
  if (found.lifecycle_stage === 'deleted') {
    throw new PipelineError('CONFLICT', `The experiment ${JSON.stringify(name)} (id ${found.experiment_id}) was deleted on ${server.uri}. Restore it in MLflow (experiments restore), or use another name.`);
  }
  checkArtifactUri(server, found.artifact_location);
  return found.experiment_id;
}

/** The id of the experiment of that name; undefined when there is none, or it was deleted. */
export async function findExperiment(server: Server, name: string): Promise<string | undefined> {
  const found = await findByName(server, name);
  return found?.lifecycle_stage === 'active' ? found.experiment_id : undefined;
}

/** Ids of all experiments that are not deleted. */
export async function experimentIds(server: Server): Promise<string[]> {
  const found = await allPages<ExperimentJson>(async (token) => {
    const { experiments, next_page_token: next } = await server.call<{ experiments?: ExperimentJson[]; next_page_token?: string }>({ what: 'the experiments', path: 'mlflow/experiments/search', body: { max_results: 1000, ...pageToken(token) } });
    return { items: experiments, next };
  });
  return found.map((experiment) => experiment.experiment_id);
}

async function findByName(server: Server, name: string): Promise<ExperimentJson | undefined> {
  const call = server.call<{ experiment: ExperimentJson }>({ what: `experiment ${name}`, path: 'mlflow/experiments/get-by-name', query: { experiment_name: name } });
  return (await unless('NOT_FOUND', call, undefined))?.experiment;
}

async function create(server: Server, name: string): Promise<ExperimentJson> {
  // MLflow's UI opens the experiment in its view for training rather than in that for language models.
  const tags = [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }];
  await unless('CONFLICT', server.call({ what: `experiment ${name}`, path: 'mlflow/experiments/create', body: { name, tags } }), undefined); // another process was first
  const made = await findByName(server, name);
  if (made === undefined) throw new PipelineError('UNAVAILABLE', `The MLflow server ${server.uri} made the experiment ${JSON.stringify(name)} and does not find it. Try again.`);
  return made;
}
