import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAMES = readdirSync(join(ROOT, 'config/environments')).filter((name) => name.endsWith('.yaml')).map((name) => name.slice(0, -'.yaml'.length));
const SOURCES = ['activities', 'adapters', 'api', 'bin', 'cli', 'domain', 'feature_repo', 'ml', 'ports', 'temporal', 'workers', 'workflows'];
/** Words of other programs that happen to be those of an environment. */
const OTHER_WORDS = [{ file: 'activities/tracked-datasets.ts', text: "sourceType: 'local'", why: "MLflow's word for a data set that is a file" }];

/** Where code names an environment, or asks which one it is in: texts that are such a name, tables by all of them, patterns that are one, and APP_ENV outside a sentence for people. */
function mentions(source: string): string[] {
  const file = ts.createSourceFile('x.ts', source, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const isName = (text: string): boolean => NAMES.includes(text) || text === 'APP_ENV';
  const visit = (node: ts.Node): void => {
    const isText = ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);
    if (isText && isName(node.text)) found.push(node.parent.getText());
    else if (ts.isRegularExpressionLiteral(node) && new RegExp(`[/^(|](${NAMES.join('|')}|APP_ENV)[)|$/]`).test(node.text)) found.push(node.getText());
    else if ((ts.isPropertyAccessExpression(node) || ts.isBindingElement(node)) && node.name.getText() === 'APP_ENV') found.push(node.getText());
    else if (ts.isObjectLiteralExpression(node) && NAMES.every((name) => node.properties.some((property) => property.name?.getText() === name))) found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function files(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js|mjs|cjs)$/.test(name) && !name.startsWith('gen/'))
    .map((name) => join(folder, name));
}

describe('The name of an environment', () => {
  it('is found in whichever way code could depend on it', () => {
    assert.deepEqual([...NAMES].sort(), ['cloud', 'local']);
    for (const code of ["if (e === 'cloud') f();", 'switch (e) { case "local": }', "f({ cloud: 1, local: 2 }[e]);", '[`cloud`].includes(e);', '/^(local|cloud)$/.test(e);', 'f(process.env.APP_ENV);', "f(process.env['APP_ENV']);", 'const { APP_ENV } = process.env;']) {
      assert.ok(mentions(code).length > 0, code);
    }
    for (const code of ["throw new Error('Set APP_ENV to local.');", '// cloud', "import x from './cloud-logging.ts';", "f('local-stack');", 'const { local } = options;', '/(local )?issuer/.test(e);']) assert.deepEqual(mentions(code), [], code);
  });

  it('is known to config/ alone', () => {
    const known = SOURCES.flatMap(files).flatMap((file) => mentions(readFileSync(join(ROOT, file), 'utf8')).map((text) => ({ file, text })));
    const others = known.filter(({ file, text }) => !OTHER_WORDS.some((word) => word.file === file && text === word.text));
    assert.deepEqual(others, []);
    for (const { file, text } of OTHER_WORDS) assert.ok(known.some((mention) => mention.file === file && mention.text === text), `${file} has that word no more`);
  });
});
