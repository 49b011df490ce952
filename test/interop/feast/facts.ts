import assert from 'node:assert/strict';
import type { DescFile, DescMessage } from '@bufbuild/protobuf';
import type pg from 'pg';

/** Columns and indexes of the registry's tables. */
export async function describeSchema(client: pg.Client): Promise<unknown> {
  const columns = await client.query("SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'feast_registry' ORDER BY 1, ordinal_position");
  const indexes = await client.query("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'feast_registry' ORDER BY 1, 2");
  assert.ok(columns.rows.length > 50);
  return { columns: columns.rows as unknown[], indexes: indexes.rows as unknown[] };
}

export function allMessages(container: DescFile | DescMessage): DescMessage[] {
  const own = container.kind === 'file' ? container.messages : container.nestedMessages;
  return own.flatMap((message) => [message, ...allMessages(message)]);
}

/** [number, type, repeated, message or enumeration, oneof] by field name, in the words of Python's descriptors. */
export function fieldFacts(message: DescMessage): Record<string, unknown> {
  return Object.fromEntries(
    message.fields.map(({ proto, name }) => {
      const kinds = ['', 'DOUBLE', 'FLOAT', 'INT64', 'UINT64', 'INT32', 'FIXED64', 'FIXED32', 'BOOL', 'STRING', 'GROUP', 'MESSAGE', 'BYTES', 'UINT32', 'ENUM'];
      const oneof = message.fields.find((field) => field.name === name)?.oneof?.name ?? '';
      return [name, [proto.number, kinds[proto.type], proto.label === 3, proto.typeName.slice(1), oneof]];
    }),
  );
}
