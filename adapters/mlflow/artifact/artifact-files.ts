import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '../../../domain/errors.ts';
import type { OnDemandSnapshot } from '../../../domain/features/on-demand.ts';
import type { FeatureSelection } from '../../../domain/features/snapshot.ts';
import type { WrappedArtifact } from '../../../domain/model/wrapped-artifact.ts';

/** Version of the files below; raised when an older reader could not read them any more. */
const FORMAT = 1;
const CORE_FILE = 'wrapped_artifact.json';

const FILES = {
  recipe: 'recipe.yaml',
  template: 'loader.sql.j2',
  features: 'feature_views.json',
  profile: 'training_profile.json',
  history: 'training_history.json',
  tuning: 'tuning_history.json',
  evaluation: 'evaluation/report.json',
} as const;

/** What `wrapped_artifact.json` holds: all that has no file of its own. */
type Core = Omit<WrappedArtifact, 'features' | 'trainingProfile' | 'history' | 'tuning' | 'evaluation' | 'recipe' | 'loader'> & {
  readonly format: number;
  readonly recipe: string;
  readonly loader: Omit<WrappedArtifact['loader'], 'text'>;
};

/** Relative path -> text of the files that hold the artifact; `readArtifact` gives it back. */
export function artifactFiles(artifact: WrappedArtifact): Readonly<Record<string, string>> {
  const { features, trainingProfile, history, tuning, evaluation, recipe, loader, ...rest } = artifact;
  const core: Core = {
    ...rest,
    format: FORMAT,
    recipe: recipe.name,
    loader: { sourceUri: loader.sourceUri, parameters: loader.parameters },
  };
  return {
    [CORE_FILE]: pretty(core),
    [FILES.recipe]: recipe.text,
    [FILES.template]: loader.text,
    [FILES.profile]: pretty(trainingProfile),
    [FILES.history]: pretty(history),
    [FILES.evaluation]: pretty(evaluation),
    ...(features === undefined ? {} : featureFiles(features)),
    ...(tuning === undefined ? {} : { [FILES.tuning]: pretty(tuning) }),
  };
}

/** UNSUPPORTED when the folder is another's model or of a later format; INVALID_DATA, naming the file, when one is missing or broken. */
export async function readArtifact(folder: string): Promise<WrappedArtifact> {
  const { format, recipe, loader, ...core } = await readCore(folder);
  const features = await readFeatures(folder);
  const tuning = await readJsonIfThere<NonNullable<WrappedArtifact['tuning']>>(folder, FILES.tuning);
  return {
    ...core,
    recipe: { name: recipe, text: await readNeeded(folder, FILES.recipe) },
    loader: { ...loader, text: await readNeeded(folder, FILES.template) },
    trainingProfile: await readJson(folder, FILES.profile),
    history: await readJson(folder, FILES.history),
    evaluation: await readJson(folder, FILES.evaluation),
    ...(features === undefined ? {} : { features }),
    ...(tuning === undefined ? {} : { tuning }),
  };
}

/** The views, and each bundled function in a file of its own. */
function featureFiles(features: FeatureSelection): Readonly<Record<string, string>> {
  const { onDemand = [] } = features;
  const described = onDemand.length === 0 ? features : { ...features, onDemand: onDemand.map(({ source: _, ...view }) => view) };
  return { [FILES.features]: pretty(described), ...Object.fromEntries(onDemand.map(({ name, source }) => [transformFile(name), source])) };
}

async function readFeatures(folder: string): Promise<FeatureSelection | undefined> {
  const features = await readJsonIfThere<FeatureSelection>(folder, FILES.features);
  if (features?.onDemand === undefined) return features;
  const onDemand = await Promise.all(features.onDemand.map(async (view) => ({ ...view, source: await readTransform(folder, view) })));
  return { ...features, onDemand };
}

async function readTransform(folder: string, { name, sha256 }: OnDemandSnapshot): Promise<string> {
  const source = await readNeeded(folder, transformFile(name));
  if (createHash('sha256').update(source).digest('hex') === sha256) return source;
  throw new PipelineError('INVALID_DATA', `The model in ${folder} was changed after it was written: ${transformFile(name)} is not the function that it was trained with (SHA-256 ${sha256}). Put the file back, or train the model anew.`);
}

const transformFile = (name: string): string => `transforms/${name}.mjs`;

async function readCore(folder: string): Promise<Core> {
  const core = await readJsonIfThere<Core>(folder, CORE_FILE);
  if (core === undefined) throw new PipelineError('UNSUPPORTED', `The model in ${folder} was not made by ml-pipeline: it has no ${CORE_FILE}. Load it with mlflow.pyfunc in Python.`);
  if (core.format !== FORMAT) throw new PipelineError('UNSUPPORTED', `The model in ${folder} has format ${core.format}; this version of ml-pipeline reads format ${FORMAT}. Use the version that made it, or train it anew.`);
  return core;
}

async function readJson<T>(folder: string, name: string): Promise<T> {
  return parse(await readNeeded(folder, name), join(folder, name)) as T;
}

async function readJsonIfThere<T>(folder: string, name: string): Promise<T | undefined> {
  const text = await readIfThere(folder, name);
  return text === undefined ? undefined : (parse(text, join(folder, name)) as T);
}

async function readNeeded(folder: string, name: string): Promise<string> {
  const text = await readIfThere(folder, name);
  if (text === undefined) throw new PipelineError('INVALID_DATA', `The model in ${folder} is incomplete: ${name} is missing. Train it anew.`);
  return text;
}

async function readIfThere(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new PipelineError('INVALID_DATA', `${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}

function pretty(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
