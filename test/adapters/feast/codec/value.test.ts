import assert from 'node:assert/strict';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { ByteWriter } from '../../../../adapters/feast/codec/byte-writer.ts';
import { readValue, writeColumnValue, writeValue } from '../../../../adapters/feast/codec/value.ts';
import { ValueHolder, valueTeller } from '../../../../adapters/feast/codec/value-teller.ts';
import { ValueSchema } from '../../../../adapters/feast/gen/feast/types/Value_pb.ts';
import type { Value } from '../../../../adapters/feast/gen/feast/types/Value_pb.ts';
import type { Column } from '../../../../domain/data/columns.ts';
import { sameValue } from '../../../../domain/features/canonical.ts';
import { TYPED_VALUES } from '../../../contracts/value-samples.ts';
import type { PipelineError } from '../../../../domain/errors.ts';
import type { FeatureValue, PrimitiveType, ScalarValue, ValueType } from '../../../../domain/features/value-types.ts';

const KNOWN_BYTES: readonly (readonly [ValueType, FeatureValue, string])[] = [
  ['Int32', -1, '18ffffffffffffffffff01'],
  ['Int64', -1n, '20ffffffffffffffffff01'],
  ['Int64', 0n, '2000'],
  ['Float64', 0, '290000000000000000'],
  ['Float32', 1.5, '350000c03f'],
  ['Bool', false, '3800'],
  ['String', 'ñ', '1202c3b1'],
  ['Bytes', Uint8Array.of(0), '0a0100'],
  ['UnixTimestamp', 1793534400, '40c0d39cd706'],
  ['Array(Int64)', [1n, -1n], '720d0a0b01ffffffffffffffffff01'],
  ['Array(Int64)', [], '7200'],
  ['Array(String)', ['a', ''], '62050a01610a00'],
  ['Array(Float64)', [0.5], '7a0a0a08000000000000e03f'],
  ['Array(Bool)', [true, false], '8a01040a020100'],
  ['Json', '{"a":1}', '8202077b2261223a317d'],
];

const CASES = { Bytes: 'bytes', String: 'string', Int32: 'int32', Int64: 'int64', Float64: 'double', Float32: 'float', Bool: 'bool', UnixTimestamp: 'unixTimestamp', Decimal: 'decimal', Uuid: 'uuid', Json: 'json' } as const satisfies Record<PrimitiveType, string>;

describe("Feast's value messages", () => {
  for (const [type, value, hex] of KNOWN_BYTES) {
    it(`are the bytes that Feast writes for ${type} ${hex}`, () => {
      assert.equal(encode(type, value).toString('hex'), hex);
      assert.deepEqual(readValue(type, Buffer.from(hex, 'hex')), value);
    });
  }

  it('come back as they were written, whatever the type', () => {
    fc.assert(fc.property(TYPED_VALUES, ([type, value]) => assert.ok(sameValue(readValue(type, encode(type, value)), value))));
    const inside = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([8]), bytes, Buffer.from([200])]);
    fc.assert(fc.property(TYPED_VALUES, ([type, value]) => assert.ok(sameValue(told(type, inside(encode(type, value)), 1, encode(type, value).length), value))));
  });

  it('are the bytes that generated protobuf code makes, and are read by it', () => {
    fc.assert(
      fc.property(TYPED_VALUES, ([type, value]) => {
        const message = generated(type, value);
        assert.equal(encode(type, value).toString('hex'), Buffer.from(toBinary(ValueSchema, message)).toString('hex'));
        assert.deepEqual(fromBinary(ValueSchema, new Uint8Array(encode(type, value))), fromBinary(ValueSchema, toBinary(ValueSchema, message)));
      }),
    );
  });

  it('are empty for null; no bytes, an explicit null and "not a time" are read as null', () => {
    assert.equal(encode('Int64', null).length, 0);
    for (const hex of ['', '980100']) assert.equal(readValue('Int64', Buffer.from(hex, 'hex')), null);
    assert.equal(readValue('UnixTimestamp', Buffer.from('4080808080808080808001', 'hex')), null);
  });

  it('hold NaN in one bit pattern', () => {
    const oddNaN = new Float64Array(BigInt64Array.of(0x7ff8_0000_0000_0001n).buffer);
    assert.equal(encodeColumn({ name: 'c', type: 'Float64', values: oddNaN, nulls: null }, 0), '29000000000000f87f');
    assert.equal(encode('Float32', Number.NaN).toString('hex'), '350000c07f');
  });

  it('are the same from a column as from a value', () => {
    const nulls = Uint8Array.of(0, 0, 1);
    const columns: Column[] = [
      { name: 'c', type: 'Bool', values: Uint8Array.of(1, 0, 0), nulls },
      { name: 'c', type: 'Int32', values: Int32Array.of(-7, 300, 0), nulls },
      { name: 'c', type: 'Int64', values: BigInt64Array.of(-(2n ** 63n), 2n ** 40n, 0n), nulls },
      { name: 'c', type: 'Float32', values: Float32Array.of(0.1, -0, 0), nulls },
      { name: 'c', type: 'Float64', values: Float64Array.of(0.1, Infinity, 0), nulls },
      { name: 'c', type: 'String', values: ['ñ🛫', '', ''], nulls },
      { name: 'c', type: 'Bytes', values: [Uint8Array.of(1, 2), new Uint8Array(0), new Uint8Array(0)], nulls },
      { name: 'c', type: 'UnixTimestamp', values: Float64Array.of(-1, 1793534400, 0), nulls },
    ];
    for (const column of columns) {
      for (const row of [0, 1]) {
        const value = column.type === 'Bool' ? column.values[row] === 1 : (column.values[row] as ScalarValue);
        assert.equal(encodeColumn(column, row), encode(column.type as ValueType, value).toString('hex'), `${column.type} row ${row}`);
      }
      assert.equal(encodeColumn(column, 2), '');
    }
  });

  it('of a type that only Feast has are refused with its name', () => {
    for (const [hex, name] of [['a20100', 'Map'], ['ba01030a0161', 'Set\\(String\\)'], ['9202020a00', 'Struct'], ['d202020a00', 'Array\\(Array\\)'], ['820300', 'ZonedTimestamp']] as const) {
      assert.throws(() => readValue('String', Buffer.from(hex, 'hex')), (error: PipelineError) => error.code === 'UNSUPPORTED' && new RegExp(`Feast's type ${name} `).test(error.message));
    }
  });

  it('of decimals and uuids come in canonical form, however Python wrote them', () => {
    for (const [written, read] of [['1.50', '1.5'], ['1E+2', '100'], ['-0.00', '0'], ['Infinity', 'Infinity'], ['1E-3', '0.001']] as const) assert.equal(readValue('Decimal', Buffer.concat([Buffer.from('e202', 'hex'), Buffer.from([written.length]), Buffer.from(written)])), read);
    assert.equal(readValue('Uuid', Buffer.concat([Buffer.from('a20224', 'hex'), Buffer.from('AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE')])), 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee');
  });

  it('of another type than declared, or damaged, are refused and say so', () => {
    assert.throws(() => readValue('Float64', encode('Int64', 5n)), /expected Float64 \(field 5\), found Int64 \(field 4\)/);
    assert.throws(() => readValue('Int64', encode('Array(Int64)', [5n])), /found Array\(Int64\)/);
    assert.throws(() => readValue('Int64', Buffer.from('8202077b2261223a317d', 'hex')), /found Json \(field 32\)/);
    const whole = encode('String', 'abcdef');
    for (let length = 1; length < whole.length; length++) assert.throws(() => readValue('String', whole.subarray(0, length)), RangeError);
    assert.throws(() => readValue('Int64', Buffer.alloc(20, 0xff)), RangeError);
  });
});

function told(type: ValueType, bytes: Buffer, start: number, length: number): FeatureValue {
  const holder = new ValueHolder();
  valueTeller(type)(bytes, start, length, holder);
  return holder.held;
}

function encode(type: ValueType, value: FeatureValue): Buffer {
  const writer = new ByteWriter(1); // small, so that it has to grow
  writeValue(writer, type, value);
  return writer.take();
}

function encodeColumn(column: Column, row: number): string {
  const writer = new ByteWriter(1);
  writeColumnValue(writer, column, row);
  return writer.take().toString('hex');
}

function generated(type: ValueType, value: FeatureValue): Value {
  const list = Array.isArray(value);
  const primitive = (list ? type.slice(6, -1) : type) as PrimitiveType;
  const wide = (item: ScalarValue): unknown => (primitive === 'UnixTimestamp' ? BigInt(item as number) : item);
  const field = `${CASES[primitive]}${list ? 'ListVal' : 'Val'}`;
  return create(ValueSchema, { val: { case: field, value: list ? { val: value.map(wide) } : wide(value as ScalarValue) } } as never);
}
