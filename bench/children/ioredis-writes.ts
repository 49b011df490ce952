/** The wide rows into Redis by ioredis alone, made in this process: no PostgreSQL is read. One command a row, 1,000 of them in a pipeline. */
import { Redis } from 'ioredis';
import { ByteWriter } from '../../adapters/feast/codec/byte-writer.ts';
import { writeTimestamp } from '../../adapters/feast/codec/timestamp.ts';
import { writeColumnValue } from '../../adapters/feast/codec/value.ts';
import type { Column } from '../../domain/data/columns.ts';
import { childTask, timed } from '../support/child-task.ts';
import { FEATURES, KEY_TTL_SECONDS, wideEvent, wideFields, wideKey, wideValue } from '../support/wide-table.ts';

/** Writes a row unless the same or a newer one is there. Timestamps are compared as whole seconds here: less than the store's own rule does. */
const NEWER_WINS = `
local stored = redis.call('HGET', KEYS[1], ARGV[2])
local function seconds(message)
  local value, factor = 0, 1
  for i = 2, #message do
    local byte = string.byte(message, i)
    value = value + (byte % 128) * factor
    if byte < 128 then return value end
    factor = factor * 128
  end
  return value
end
if stored and seconds(stored) >= seconds(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1`;
const ROWS_A_PIPELINE = 1000;

await childTask(async ({ url, rows, command }: { readonly url: string; readonly rows: number; readonly command: 'hset' | 'evalsha' }) => {
  const redis = new Redis(url);
  const script = (await redis.script('LOAD', NEWER_WINS)) as string;
  const encode = rowEncoder();
  const [seconds] = await timed(async () => {
    for (let from = 0; from < rows; from += ROWS_A_PIPELINE) {
      const pipeline = redis.pipeline();
      for (let row = from; row < Math.min(rows, from + ROWS_A_PIPELINE); row++) {
        if (command === 'hset') pipeline.hset(wideKey([BigInt(row)]), ...encode(row));
        else pipeline.evalsha(script, 1, wideKey([BigInt(row)]), KEY_TTL_SECONDS, ...encode(row));
      }
      for (const [error] of (await pipeline.exec())!) if (error !== null) throw error;
    }
  });
  await redis.quit();
  return { seconds, written: rows };
});

/** Fields and values of a row's hash, in Feast's bytes. */
function rowEncoder(): (row: number) => Buffer[] {
  const [timestamp, ...features] = wideFields() as [Buffer, ...Buffer[]];
  const writer = new ByteWriter();
  const values = new Float64Array(1);
  const column: Column = { name: 'value', type: 'Float64', values, nulls: null };
  return (row) => {
    writeTimestamp(writer, wideEvent(row));
    const parts = [timestamp, writer.take()];
    for (let index = 0; index < FEATURES.length; index++) {
      values[0] = wideValue(row, index);
      writeColumnValue(writer, column, 0);
      parts.push(features[index]!, writer.take());
    }
    return parts;
  };
}
