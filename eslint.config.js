import tseslint from 'typescript-eslint';

/**
 * Who may import whom (docs/architecture.md): folder -> other folders it may import values from, folders it may import types from, and the packages it may use.
 * `packages: true` means any. `main.ts` of workers, api and cli are the composition roots: they may import everything.
 */
const RULES = {
  domain: { values: [], types: [], packages: [] },
  ml: { values: ['domain'], types: [], packages: ['ml-'] },
  ports: { values: [], types: ['domain'], packages: [] },
  feature_repo: { values: ['domain'], types: [], packages: [] },
  temporal: { values: ['domain'], types: [], packages: ['@temporalio/workflow', '@temporalio/common'] },
  workflows: { values: ['domain', 'ml', 'temporal'], types: ['activities'], packages: ['@temporalio/workflow', '@temporalio/common'] },
  activities: { values: ['domain', 'ml', 'temporal'], types: ['ports'], packages: ['@temporalio/activity', '@temporalio/common', 'node:'] },
  adapters: { values: ['domain', 'ml', 'ports', 'temporal'], types: [], packages: true },
  api: { values: ['domain', 'ports', 'temporal'], types: [], packages: true },
  cli: { values: ['domain', 'ports', 'temporal'], types: [], packages: true },
  config: { values: ['domain', 'ports', 'adapters'], types: [], packages: true },
  workers: { values: ['domain', 'ports', 'temporal', 'activities'], types: [], packages: true },
};
const FOLDERS = [...Object.keys(RULES), 'recipes', 'scripts', 'bench', 'test'];

function importRule(folder) {
  const { values, types, packages } = RULES[folder];
  const refused = FOLDERS.filter((other) => other !== folder && !values.includes(other) && !types.includes(other));
  const message = `${folder}/ may not import this (docs/architecture.md, "Who may import whom").`;
  const patterns = [{ regex: `^(\\.{1,2}/)+(${refused.join('|')})/`, message }];
  if (types.length > 0) patterns.push({ regex: `^(\\.{1,2}/)+(${types.join('|')})/`, allowTypeImports: true, message: `${folder}/ may import only types from here.` });
  if (packages !== true) patterns.push({ regex: `^(?!\\.)${packages.length === 0 ? '' : `(?!${packages.join('|')})`}`, message: `${folder}/ may not use this package.` });
  return {
    files: [`${folder}/**/*.ts`],
    ignores: [`${folder}/main.ts`],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
  };
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
      'max-lines-per-function': ['warn', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  ...Object.keys(RULES).map(importRule),
  {
    // Workflow code replays: the clock, randomness and I/O come from Temporal.
    files: ['{domain,temporal,workflows}/**/*.ts'],
    rules: { 'no-restricted-globals': ['error', 'process', 'fetch', 'Buffer', 'setInterval', 'performance'] },
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-floating-promises': 'error' } },
);
