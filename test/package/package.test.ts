import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { findFreePorts } from '../../adapters/local-stack/port-holder.ts';
import { STACK_PORTS } from '../../adapters/local-stack/settings.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const TOOLS = resolve(process.env['ML_PIPELINE_TOOLS'] ?? join(ROOT, '.tools'));
const RECIPE = join('recipes', 'models', 'classification', 'random_forest_classifier.yaml');

describe('the package in a folder of its own', function () {
  this.timeout(600_000);
  let folder: string;

  /** Runs a program there, and resolves to its standard output. */
  const run = async (program: string, ...args: string[]): Promise<string> => {
    const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], STACK_ENGINE: 'native', npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' };
    const { stdout } = await promisify(execFile)(program, args, { cwd: folder, env: { ...environment, ...registrySettings() }, maxBuffer: 16 * 1024 * 1024 });
    return stdout;
  };
  const command = (...args: string[]): Promise<string> => run('npx', '--no-install', 'ml-pipeline', ...args);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-package-'));
    await chmod(folder, 0o755); // PostgreSQL may run as another account
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'own-project', private: true }));
    await promisify(execFile)('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
    const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
    await run('npm', 'install', '--ignore-scripts', '--prefer-offline', '--loglevel', 'error', `./${tarball}`);
  });

  after(async () => {
    if (existsSync(join(folder, '.env'))) await command('stack', 'reset', '--yes');
    await rm(folder, { recursive: true, force: true });
  });

  it('declares every package that its code imports', async () => {
    const installed = join(folder, 'node_modules', 'ml-pipeline');
    const { dependencies } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> };
    const files = (await readdir(join(installed, 'dist'), { recursive: true })).filter((name) => name.endsWith('.js') && name !== 'workflow-bundle.js');
    const texts = await Promise.all(files.map((name) => readFile(join(installed, 'dist', name), 'utf8')));
    const imported = new Set(texts.flatMap((text) => [...text.matchAll(/(?:^import\s[^'"\n]*|^export\s[^'"\n]*\sfrom\s|^import\s|\bimport\()['"]([^.'"][^'"]*)['"]/gm)].map(([, name = '']) => packageOf(name))));
    const undeclared = [...imported].filter((name) => !(name in dependencies) && !name.startsWith('node:') && !builtinModules.includes(name));
    assert.ok(imported.has('pg') && imported.has('@temporalio/worker'));
    assert.deepEqual(undeclared, []);
  });

  it('holds no test, no data and no secret', async () => {
    const files = await readdir(join(folder, 'node_modules', 'ml-pipeline'));
    for (const name of ['test', 'data', 'mlruns', 'logs', '.env', '.tools', 'node_modules']) assert.ok(!files.includes(name), name);
  });

  it('prints its help', async () => {
    assert.match(await command('--help'), /Usage: ml-pipeline/);
  });

  it('makes a project, and leaves it alone the second time', async () => {
    assert.match(await command('init'), /wrote feature_repo\/index\.ts/);
    assert.match(await readFile(join(folder, 'feature_repo', 'views.ts'), 'utf8'), /from 'ml-pipeline'/);
    assert.match(await readFile(join(folder, '.npmrc'), 'utf8'), /ignore-scripts=true/);
    assert.doesNotMatch(await command('init'), /wrote/);
  });

  it('gives definitions their types', async () => {
    const options = { strict: true, module: 'nodenext', noEmit: true, allowImportingTsExtensions: true, types: [] };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['feature_repo'] }));
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, compiler);
    await writeFile(join(folder, 'feature_repo', 'wrong.ts'), "import { defineEntity } from 'ml-pipeline';\ndefineEntity({ name: 1 });\n");
    const { stdout } = await run(process.execPath, compiler).then(() => ({ stdout: 'no error' }), (error: { readonly stdout: string }) => error);
    await rm(join(folder, 'feature_repo', 'wrong.ts'));
    assert.match(stdout, /wrong\.ts.*'number' is not assignable to type 'string'/s);
  });

  it('trains a recipe of the project on a stack of its own, and serves the model', async () => {
    await symlink(TOOLS, join(folder, '.tools'));
    const ports = await findFreePorts(Object.keys(STACK_PORTS).length);
    const example = await readFile(join(folder, '.env.example'), 'utf8');
    const settings = Object.keys(STACK_PORTS).reduce((text, name, index) => text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${ports[index]}`), example);
    await writeFile(join(folder, '.env.example'), settings);
    // The stack makes .env from the package's example where it is missing; here it is made from the project's.
    await writeFile(join(folder, '.env'), settings.replaceAll(/^([A-Z_]*PASSWORD)=$/gm, '$1=only-for-this-test'), { mode: 0o600 });
    const recipe = await readFile(join(folder, RECIPE), 'utf8');
    const own = recipe.replace(/^name: .*$/m, 'name: own_recipe').replace('n_estimators: 100', 'n_estimators: 10').replace('days: 364', 'days: 28').replace(/thresholds: .*$/m, 'thresholds: { roc_auc: ">= 0.5" }');
    assert.notEqual(own, recipe);
    await writeFile(join(folder, 'recipes', 'models', 'own.yaml'), own);

    await command('stack', 'up', 'worker');
    await command('data', 'load');
    await command('features', 'apply');
    const trained = JSON.parse(await command('train', '--recipe-file', 'models/own', '--json')) as { readonly modelUri: string; readonly metrics: Readonly<Record<string, number>> };
    assert.equal(trained.modelUri, 'models:/flight_delay/1');
    assert.ok((trained.metrics['roc_auc'] ?? 0) > 0.55, JSON.stringify(trained.metrics));
    await command('materialize');
    await command('stack', 'up', 'api');
    const answer = await command('predict', '--entity', 'origin=JFK', '--entity', 'tailnum=N328AA', '--entity', 'carrier=AA', '--request', 'distance=2475', '--request', 'hour=9', '--request', 'weekday=1', '--request', 'month=11');
    assert.match(answer, /prediction +[01] +\(flight_delay version 1\)/);
    const log = await readFile(join(folder, 'logs', 'worker.log'), 'utf8');
    assert.ok(log.trim().split('\n').every((line) => typeof (JSON.parse(line) as { readonly event: unknown }).event === 'string'));
    assert.match(await command('stack', 'down'), /Stopped api, worker, temporal, redis, postgres/);
  });
});

const packageOf = (specifier: string): string => specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/');

/** The machine's own settings of npm, such as its registry and certificates; none of this project's. */
function registrySettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(npm_config_(registry|cache|cafile)|NPM_CONFIG_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_.*)$/.test(name)));
}
