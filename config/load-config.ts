import { readdir, readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readPositionedYaml } from '../adapters/yaml/recipe-document.ts';
import { PipelineError, refuseProblems } from '../domain/errors.ts';
import { suggestion } from '../domain/nearest.ts';
import { check, isRecord, type Issue } from '../domain/validation/shape.ts';
import { appConfig, type AppConfig } from './app-config.ts';
import { interpolate } from './interpolate.ts';
import { readSettings } from '../adapters/local-stack/environment-file.ts';

/** A project folder with its settings: where recipes, definitions and data lie, and which servers are spoken to. */
export interface Project {
  readonly folder: string;
  /** The value of APP_ENV. */
  readonly environment: string;
  readonly config: AppConfig;
}

/** The nearest folder from `start` upwards that has `config/environments`. INVALID_CONFIG when there is none. */
export function findProjectFolder(start: string): string {
  for (let folder = resolve(start); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'config', 'environments'))) return folder;
    if (folder === dirname(folder)) break;
  }
  throw new PipelineError('INVALID_CONFIG', `No project folder: neither ${resolve(start)} nor a folder above it has config/environments. Run \`ml-pipeline init\` to make one here.`);
}

/** Reads `config/environments/<APP_ENV>.yaml` of the project around `start`; INVALID_CONFIG with every problem, each with line and column. */
export async function loadProject(start: string, processEnvironment: NodeJS.ProcessEnv = process.env): Promise<Project> {
  const { folder, environment, file, variables, value, locate } = await readEnvironmentFile(start, processEnvironment);
  const issues: Issue[] = [];
  const filled = interpolate(value, variables, issues);
  const checked = check(appConfig, filled);
  const isMissing = ({ keys }: Issue): boolean => issues.some((missing) => missing.keys.join('.') === keys.join('.'));
  const hint = issues.length > 0 && isOverLocalStack(value) ? ' `ml-pipeline stack up` makes .env with all that it needs.' : '';
  refuseProblems('INVALID_CONFIG', `${file} has problems.${hint}`, [...issues, ...checked.issues.filter((issue) => !isMissing(issue))].map(locate));
  return { folder, environment, config: checked.value };
}

/** Whether an environment's file, as it stands there, is over the servers of `ml-pipeline stack`: its warehouse is PostgreSQL. */
export function isOverLocalStack(value: unknown): boolean {
  const warehouse = isRecord(value) ? value['warehouse'] : undefined;
  return !isRecord(warehouse) || warehouse['type'] === undefined || warehouse['type'] === 'postgres';
}

/** The environment's file as it stands there, before its variables are filled in. INVALID_CONFIG where there is none, or no YAML in it. */
export async function readEnvironmentFile(start: string, processEnvironment: NodeJS.ProcessEnv = process.env) {
  const folder = findProjectFolder(start);
  const variables = readSettings(folder, processEnvironment);
  const environment = variables['APP_ENV'] ?? 'local';
  const file = join('config', 'environments', `${environment}.yaml`);
  const text = await readFile(join(folder, file), 'utf8').catch(() => undefined);
  if (text === undefined) throw new PipelineError('INVALID_CONFIG', `APP_ENV is ${JSON.stringify(environment)}, but there is no ${file}. ${suggestion(environment, await environments(folder))}`);
  const document = readPositionedYaml(text, file);
  refuseProblems('INVALID_CONFIG', `${file} cannot be read.`, document.problems);
  return { folder, environment, file, variables, value: document.value, locate: document.locate };
}

async function environments(folder: string): Promise<readonly string[]> {
  const files = await readdir(join(folder, 'config', 'environments'));
  return files.filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -5));
}
