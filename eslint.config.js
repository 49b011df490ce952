import { readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';

/**
 * Who may import whom (docs/architecture.md): folder -> other folders it may import values from, folders it may import types from, and the packages it may use
 * besides Node's own modules. `main.ts` of workers, api and cli are the composition roots: they may import everything.
 */
const RULES = {
  domain: { values: [], types: [], packages: [], node: false },
  ml: { values: ['domain'], types: [], packages: ['ml-[a-z-]+'], node: false },
  ports: { values: [], types: ['domain'], packages: [], node: false },
  feature_repo: { values: ['domain/features/define'], types: [], packages: [], node: false },
  temporal: { values: ['domain'], types: [], packages: ['@temporalio/workflow', '@temporalio/common'], node: false },
  workflows: { values: ['domain', 'temporal'], types: ['activities'], packages: ['@temporalio/workflow', '@temporalio/common'], node: false },
  activities: { values: ['domain', 'ml', 'temporal'], types: ['ports'], packages: ['@temporalio/activity', '@temporalio/common'], node: true },
  api: { values: ['domain', 'ports', 'temporal'], types: [], packages: ['express', 'prom-client', 'swagger-ui-dist'], node: true },
  cli: { values: ['domain', 'ports', 'temporal'], types: [], packages: ['commander', '@temporalio/client', '@temporalio/common'], node: true },
  config: { values: ['domain', 'ports', 'adapters'], types: ['temporal'], packages: [], node: true },
  workers: { values: ['domain', 'ports', 'temporal', 'activities'], types: [], packages: ['@temporalio/worker', '@temporalio/common'], node: true },
};

/** Adapter -> the packages of its technology, and the other adapters whose technology contains it. Every adapter may also import domain, ml, ports and temporal. */
const ADAPTERS = {
  bigquery: { packages: ['@google-cloud/bigquery', '@google-cloud/bigquery-storage', 'google-auth-library', '@grpc/grpc-js', '@uwdata/flechette'], adapters: ['google-auth'] },
  feast: { packages: ['@bufbuild/protobuf(/.*)?', 'pg'], adapters: ['postgres'] },
  'feature-repo': { packages: ['tsx/esm/api', 'esbuild'], adapters: ['node-vm'] },
  file: { packages: [], adapters: [] },
  gcs: { packages: ['@google-cloud/storage'], adapters: ['google-auth'] },
  'google-auth': { packages: ['google-auth-library'], adapters: [] },
  lightgbm: { packages: ['koffi'], adapters: [] },
  'local-stack': { packages: ['pg', 'ioredis', '@temporalio/client'], adapters: [] },
  mlflow: { packages: ['yaml', '@bufbuild/protobuf/wire'], adapters: [] },
  'mlflow-rest': { packages: [], adapters: ['mlflow'] },
  mljs: { packages: [], adapters: [] },
  onnx: { packages: ['onnxruntime-node'], adapters: [] },
  parquet: { packages: ['hyparquet', 'hyparquet-writer(/.*)?'], adapters: [] },
  postgres: { packages: ['pg', 'pg-copy-streams'], adapters: [] },
  'node-vm': { packages: [], adapters: [] },
  'project-files': { packages: [], adapters: [] },
  redis: { packages: ['ioredis'], adapters: ['feast'] },
  'sample-data': { packages: ['pg', 'pg-copy-streams'], adapters: ['bigquery', 'postgres', 'spine-files', 'templates'] },
  'spine-files': { packages: ['hyparquet'], adapters: [] },
  system: { packages: [], adapters: [] },
  templates: { packages: ['nunjucks'], adapters: [] },
  telemetry: { packages: ['@opentelemetry/.*', '@temporalio/client', '@temporalio/worker'], adapters: [] },
  temporal: { packages: ['@temporalio/client', '@temporalio/common'], adapters: [] },
  trainers: { packages: [], adapters: ['file', 'lightgbm', 'mljs'] },
  yaml: { packages: ['yaml'], adapters: [] },
};
for (const name of readdirSync(new URL('adapters', import.meta.url))) if (!(name in ADAPTERS)) throw new Error(`eslint.config.js: adapters/${name} is not in the table of adapters.`);
const FOLDERS = [...Object.keys(RULES), 'adapters', 'recipes', 'scripts', 'bench', 'test'];
const OUTSIDE = '^(\\.{1,2}/)+';
/** The package's entry is for projects; within, it would be a way around the table. No folder has an index that files below it import. */
const ENTRY = { regex: '^\\.\\.(/\\.\\.)*/?(index(\\.[jt]s)?)?$', message: 'The package\'s entry is for projects that use it: import the file itself.' };

/** The rule for static imports, and the same for `import()`, which the first does not see. */
function restrict(folder, files, patterns, ignores = []) {
  const dynamic = patterns.map(({ regex, message }) => ({ selector: `ImportExpression[source.value=/${regex.replaceAll('/', '\\/')}/]`, message }));
  return { files, ignores, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }], 'no-restricted-syntax': ['error', ...dynamic] } };
}

function packagePattern(folder, packages, node) {
  const allowed = [...packages.map((name) => `${name}$`), ...(node ? ['node:'] : [])];
  return { regex: `^(?!\\.)${allowed.length === 0 ? '' : `(?!(${allowed.join('|')}))`}`, message: `${folder}/ may not use this package.` };
}

function importRule(folder) {
  const { values, types, packages, node } = RULES[folder];
  const named = [...values, ...types].map((path) => path.split('/')[0]);
  const refused = FOLDERS.filter((other) => other !== folder && !named.includes(other));
  const message = `${folder}/ may not import this (docs/architecture.md, "Who may import whom").`;
  const patterns = [{ regex: `${OUTSIDE}(${refused.join('|')})/`, message }, ENTRY, packagePattern(folder, packages, node)];
  for (const path of values.filter((value) => value.includes('/'))) patterns.push({ regex: `${OUTSIDE}${path.split('/')[0]}/(?!${path.slice(path.indexOf('/') + 1)})`, message });
  if (types.length > 0) patterns.push({ regex: `${OUTSIDE}(${types.join('|')})/`, allowTypeImports: true, message: `${folder}/ may import only types from here.` });
  return restrict(folder, [`${folder}/**/*.ts`], patterns, [`${folder}/main.ts`]);
}

function adapterRule(name) {
  const { packages, adapters } = ADAPTERS[name];
  const others = Object.keys(ADAPTERS).filter((other) => other !== name && !adapters.includes(other));
  const refused = FOLDERS.filter((folder) => !['domain', 'ml', 'ports', 'temporal'].includes(folder));
  const message = `adapters/${name}/ may not import this (docs/architecture.md, "Who may import whom").`;
  return restrict(`adapters/${name}`, [`adapters/${name}/**/*.ts`], [
    { regex: `${OUTSIDE}(${refused.join('|')})/`, message },
    { regex: `^(\\.\\./)+(${others.filter((other) => !FOLDERS.includes(other)).join('|')})/`, message },
    ...others.filter((other) => FOLDERS.includes(other)).map((other) => ({ regex: `^\\.\\./${other}/`, message })), // `../../temporal/` is the folder of that name
    ENTRY,
    packagePattern(`adapters/${name}`, packages, true),
  ]);
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.tools/', 'adapters/feast/gen/', 'data/', 'mlruns/', 'logs/', '.run/'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // A promise that nobody awaits loses its error, and with it a write.
      '@typescript-eslint/no-floating-promises': 'error',
      // An async function where a plain one is expected is not awaited (an async update validator never refuses).
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  ...Object.keys(RULES).map(importRule),
  ...Object.keys(ADAPTERS).map(adapterRule),
  {
    // Workflow code replays: the clock, randomness and I/O come from Temporal.
    files: ['{domain,temporal,workflows}/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', 'process', 'fetch', 'Buffer', 'setInterval', 'performance'] },
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-floating-promises': 'error' } },
);
