import assert from 'node:assert/strict';
import fc from 'fast-check';
import { currentScope, parseTraceparent, requestTrace, runWithin, traceparent } from '../../../adapters/telemetry/trace-context.ts';

const hex = (digits: number): fc.Arbitrary<string> => fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: digits, maxLength: digits }).map((all) => all.join('')).filter((text) => !/^0+$/.test(text));

describe('The place in a trace', () => {
  it('comes back from its traceparent', () => {
    fc.assert(fc.property(hex(32), hex(16), fc.boolean(), (traceId, spanId, sampled) => assert.deepEqual(parseTraceparent(traceparent({ traceId, spanId, sampled })), { traceId, spanId, sampled })));
  });

  it('is not taken from what is no traceparent', () => {
    for (const text of [undefined, '', 'x', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`, `00-${'1'.repeat(32)}-${'0'.repeat(16)}-01`, `ff-${'1'.repeat(32)}-${'1'.repeat(16)}-01`, `00-${'A'.repeat(32)}-${'1'.repeat(16)}-01`, `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01-x`]) assert.equal(parseTraceparent(text), undefined, text);
    assert.ok(parseTraceparent(`01-${'1'.repeat(32)}-${'1'.repeat(16)}-01-later`) !== undefined, 'later versions may say more');
  });

  it('is read from the header of Google\'s load balancers, whose span is a decimal number', () => {
    const traceId = '105445aa7843bc8bf206b12000100000';
    assert.deepEqual(requestTrace({ 'x-cloud-trace-context': `${traceId}/255;o=1` }), { traceId, spanId: '00000000000000ff', sampled: true });
    assert.deepEqual(requestTrace({ 'x-cloud-trace-context': `${traceId}/18446744073709551615` }), { traceId, spanId: 'f'.repeat(16), sampled: false });
    for (const wrong of [`${traceId}/18446744073709551616;o=1`, `${traceId}/0`, `${traceId}`, 'x/1', `${'0'.repeat(32)}/1`]) assert.equal(requestTrace({ 'x-cloud-trace-context': wrong }), undefined, wrong);
    assert.equal(requestTrace({ 'x-cloud-trace-context': `${traceId}/1`, traceparent: `00-${'2'.repeat(32)}-${'3'.repeat(16)}-00` })?.traceId, '2'.repeat(32), 'the standard one counts first');
  });

  it('follows the work through what it awaits, and no other work', async () => {
    const seen = (id: string): Promise<string | undefined> => runWithin({ requestId: id }, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return currentScope()?.requestId;
    });
    assert.deepEqual(await Promise.all([seen('a'), seen('b')]), ['a', 'b']);
    assert.equal(currentScope(), undefined);
  });
});
