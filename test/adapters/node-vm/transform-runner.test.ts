import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createTransformRunner } from '../../../adapters/node-vm/transform-runner.ts';
import { PipelineError } from '../../../domain/errors.ts';
import { TransformFault } from '../../../domain/features/on-demand.ts';
import { TRANSFORM_EXPORT } from '../../../domain/features/transform-module.ts';

const bundleOf = (body: string, sha256?: string) => {
  const source = `var transform = (() => {\n${body}\n})();\n${TRANSFORM_EXPORT}`;
  return { name: 'mine', source, sha256: sha256 ?? createHash('sha256').update(source).digest('hex') };
};
const load = (expression: string) => createTransformRunner().load(bundleOf(`  return { default: (row) => (${expression}) };`));

describe('The function of an on-demand feature view', () => {
  it('runs with the language, bytes, UTC dates and text encodings', () => {
    const run = load("({ sum: row.a + 2n, bytes: new Uint8Array([1, 2]), text: new TextDecoder().decode(new TextEncoder().encode('é')), day: new Date('2026-11-23').getUTCDay(), at: new Date(Date.UTC(2026, 10, 23)), rounded: Math.fround(0.1) })");
    const out = run({ a: 40n }) as Record<string, unknown>;
    assert.deepEqual([out['sum'], out['bytes'], out['text'], out['day'], out['rounded']], [42n, Uint8Array.of(1, 2), 'é', 1, Math.fround(0.1)]);
    assert.ok(out['at'] instanceof Date && out['at'].getTime() === Date.UTC(2026, 10, 23));
  });

  it('is refused the clock, chance, the local zone and the locale, with what to do instead and the line', () => {
    for (const [expression, message] of [
      ['Date.now()', /present instant \(Date\.now\(\)\).*asOf: true.*at line 2 of its bundle: return \{ default: \(row\) => \(Date\.now\(\)\) \};/],
      ['new Date().getTime()', /present instant/],
      ['new Date(2026, 1, 1)', /local time/],
      ["new Date('2026-11-23T10:00:00')", /without a zone/],
      ["Date.parse('Nov 23 2026')", /without a zone/],
      ['new Date(0).getHours()', /getHours/],
      ['String(new Date(0))', /toString/],
      ['Math.random()', /chance/],
      ["'a'.localeCompare('b')", /locale/],
      ['(1.5).toLocaleString()', /locale/],
      ['[1.5].toLocaleString()', /locale/],
      ['new Date(0).toLocaleDateString()', /toLocaleDateString/],
    ] as const) assert.throws(() => load(expression)({}), (error: unknown) => error instanceof TransformFault && message.test(error.message), expression);
  });

  it('does not see the process, its modules, the network, timers, or ways around', () => {
    for (const name of ['process', 'require', 'fetch', 'setTimeout', 'Intl', 'WebAssembly', 'Buffer', 'performance', 'crypto']) assert.throws(() => load(`${name}()`)({}), new RegExp(`ReferenceError \\(${name} is not defined\\)`), name);
    assert.throws(() => load("eval('1')")({}), /EvalError/);
    assert.throws(() => load("new Function('return 1')()")({}), /EvalError/);
  });

  it('throws without the data that its errors may hold; mixed numbers are named', () => {
    assert.throws(() => load("(() => { throw new Error('carrier ' + row.carrier) })()")({ carrier: 'UA' }), (error: unknown) => error instanceof TransformFault && !error.message.includes('UA') && /its function throws Error at line 2/.test(error.message));
    assert.throws(() => load('row.a + 1')({ a: 1n }), /TypeError \(Cannot mix BigInt and other types, use explicit conversions\)/);
    assert.throws(() => load('BigInt(row.a)')({ a: 1.25 }), (error: unknown) => error instanceof TransformFault && /RangeError at/.test(error.message) && !error.message.includes('1.25'));
  });

  it('is not loaded when it is another one than its hash names, no bundle, no function, or does not come to its end', () => {
    const { load: loadBundle } = createTransformRunner();
    const refused = (bundle: Parameters<typeof loadBundle>[0], message: RegExp): void => assert.throws(() => loadBundle(bundle), (error: unknown) => error instanceof PipelineError && message.test(error.message), String(message));
    refused(bundleOf('return { default: () => 1 };', '0'.repeat(64)), /not the one that was bundled: its SHA-256 is/);
    const plain = 'export default () => 1;\n';
    refused({ name: 'mine', source: plain, sha256: createHash('sha256').update(plain).digest('hex') }, /no bundle of ours/);
    refused(bundleOf('return { default: 1 };'), /does not export a function/);
    refused(bundleOf('return {'), /cannot be loaded: .*SyntaxError/);
    refused(bundleOf('for (;;);'), /cannot be loaded: .*/);
  });
});
