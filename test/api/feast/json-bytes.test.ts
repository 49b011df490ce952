import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ByteWriter } from '../../../adapters/feast/codec/byte-writer.ts';
import { valueTeller } from '../../../adapters/feast/codec/value-teller.ts';
import { writeValue } from '../../../adapters/feast/codec/value.ts';
import { JsonBytes } from '../../../api/feast/json-bytes.ts';
import { floatJson, jsonWriter } from '../../../api/feast/value-json.ts';
import { TYPED_VALUES } from '../../contracts/value-samples.ts';

/** Small, so that it has to grow. */
function written(write: (json: JsonBytes) => void): string {
  const json = new JsonBytes(1);
  write(json);
  assert.equal(json.length, json.bytes.length);
  return json.bytes.toString('utf8');
}

describe('JSON written as bytes', () => {
  it('is the JSON text of the value, for every type, whether the value is given or told from its bytes', () => {
    fc.assert(
      fc.property(fc.array(TYPED_VALUES, { minLength: 1, maxLength: 4 }), (values) => {
        const expected = `[${values.map(([type, value]) => jsonWriter(type)(value)).join(',')}]`;
        const listed = (write: (json: JsonBytes, value: (typeof values)[number]) => void): string =>
          written((json) => {
            json.ascii('[');
            for (const value of values) {
              json.next();
              json.column(jsonWriter(value[0]));
              write(json, value);
            }
            json.ascii(']');
          });
        assert.equal(listed((json, [, value]) => json.value(value)), expected);
        assert.equal(
          listed((json, [type, value]) => {
            const bytes = new ByteWriter();
            writeValue(bytes, type, value);
            const message = bytes.take();
            valueTeller(type)(Buffer.concat([Buffer.of(8), message, Buffer.of(200)]), 1, message.length, json);
          }),
          expected,
        );
      }),
      { numRuns: 400 },
    );
  });

  it('has texts as JSON has them: controls and quotes escaped, other letters as they are, broken UTF-8 as the sign of its place', () => {
    const texts = ['', 'plain', 'a"b', 'back\\slash', 'line\nend', '\u0000', '\u007f', 'ñ', '机🛫', `${'long '.repeat(40)}"`];
    for (const text of texts) assert.equal(written((json) => json.text(Buffer.from(`x${text}y`), 1, 1 + Buffer.byteLength(text))), JSON.stringify(text));
    assert.equal(written((json) => json.text(Buffer.of(0x61, 0xff), 0, 2)), '"a\ufffd"');
  });

  it('has whole numbers with all digits', () => {
    const edges = [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER, -1, -(2 ** 40)];
    fc.assert(fc.property(fc.oneof(fc.constantFrom(...edges), fc.maxSafeInteger(), fc.nat()), (value) => assert.equal(written((json) => json.int64(value)), String(value))));
  });

  it('has floats as floatJson writes them', () => {
    const decimals = fc.tuple(fc.integer({ min: -(10 ** 9), max: 10 ** 9 }), fc.integer({ min: 0, max: 9 })).map(([digits, places]) => digits / 10 ** places);
    const edges = [0, -0, 0.1, 1e-6, 1.5e-6, 1e-7, 123456789.123456, 999999999.999999, 1e9, 1e15, 1e21, 0.1 + 0.2, 1 / 3, Number.NaN, Infinity, -Infinity, Number.MIN_VALUE, Math.fround(0.1)];
    fc.assert(fc.property(fc.oneof(fc.constantFrom(...edges, ...edges.map((value) => -value)), decimals, fc.double(), fc.float()), (value) => assert.equal(written((json) => json.float(value)), floatJson(value))), { numRuns: 2000 });
  });

  it('has instants in RFC 3339 with no, three or six fraction digits', () => {
    const micros = fc.oneof(fc.integer({ min: -6e9, max: 9e9 }).map((seconds) => seconds * 1e6), fc.integer({ min: -6e12, max: 9e12 }).map((millis) => millis * 1000), fc.maxSafeInteger());
    fc.assert(
      fc.property(fc.array(micros, { minLength: 1, maxLength: 3 }), (times) => {
        const expected = times.map((time) => {
          const millis = new Date(Math.floor(time / 1000)).toISOString();
          const rest = time - Math.floor(time / 1000) * 1000;
          return rest === 0 ? millis.replace('.000Z', 'Z') : millis.replace('Z', `${String(rest).padStart(3, '0')}Z`);
        });
        assert.equal(written((json) => times.forEach((time) => json.time(time))), expected.map((text) => `"${text}"`).join(''));
      }),
    );
  });

  it('repeats a text, and what stands already', () => {
    for (const count of [1, 2, 3, 7, 100]) assert.equal(written((json) => { json.ascii('["a"'); json.repeat(1, count); }), `[${new Array<string>(count).fill('"a"').join(',')}`);
    assert.equal(written((json) => { json.ascii('abc'); json.again(1, 3); }), 'abcbc');
  });
});
