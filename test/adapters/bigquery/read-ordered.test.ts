import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import * as arrow from '@uwdata/flechette';
import { readOrdered } from '../../../adapters/bigquery/read-ordered.ts';
import type { OrderedRead } from '../../../adapters/bigquery/read-ordered.ts';
import type { ReadClient } from '../../../adapters/bigquery/read-stream.ts';
import { failure } from '../../contracts/warehouse.ts';

const rowsOf = (numbers: readonly number[]): readonly [Uint8Array, Uint8Array] => {
  const table = arrow.tableFromColumns({ row_number: arrow.columnFromArray(numbers.map(BigInt), arrow.int64()), a: arrow.columnFromArray(numbers.map((n) => n / 2), arrow.float64()) });
  const ipc = arrow.tableToIPC(table, { format: 'stream' })!;
  const schemaEnd = 8 + new DataView(ipc.buffer, ipc.byteOffset).getInt32(4, true);
  return [ipc.subarray(0, schemaEnd), ipc.subarray(schemaEnd)];
};
const broken = (code: number): Error => Object.assign(new Error('broken'), { code });

/** A Storage Read API whose streams hold batches of these row numbers; `breakAfter`: a call is broken off after so many batches. */
function server(streams: readonly (readonly (readonly number[])[])[], { breakAfter = Infinity, code = 14 } = {}): { readonly client: ReadClient; readonly offsets: number[]; readonly restrictions: (string | undefined)[] } {
  const [offsets, restrictions]: [number[], (string | undefined)[]] = [[], []];
  let restriction: string | undefined;
  const within = (numbers: readonly number[]): number[] => {
    const [from, to] = [...(restriction ?? '').matchAll(/\d+/g)].map(Number);
    return numbers.filter((n) => from === undefined || to === undefined || (n >= from && n < to));
  };
  const client = {
    createReadSession: (wish: { readSession: { readOptions: { rowRestriction?: string } } }) => {
      restriction = wish.readSession.readOptions.rowRestriction;
      restrictions.push(restriction);
      return Promise.resolve([{ arrowSchema: { serializedSchema: rowsOf([0])[0] }, streams: streams.map((_, i) => ({ name: `${i} ${restriction ?? ''}` })) }]);
    },
    readRows: ({ readStream, offset }: { readStream: string; offset: number }) => {
      offsets.push(offset);
      const batches = streams[Number.parseInt(readStream, 10)]!.map(within).filter((numbers) => numbers.length > 0);
      let skipped = 0;
      const rest = batches.filter((numbers) => (skipped += numbers.length) > offset);
      const call = Readable.from((function* () {
        for (const [i, numbers] of rest.entries()) {
          if (i >= breakAfter) throw broken(code);
          yield { rowCount: numbers.length, arrowRecordBatch: { serializedRecordBatch: rowsOf(numbers)[1] } };
        }
      })());
      return Object.assign(call, { cancel: () => undefined });
    },
  };
  return { client: client as unknown as ReadClient, offsets, restrictions };
}

const read = async (client: ReadClient, extra: Partial<OrderedRead> = {}): Promise<number[]> => {
  const values: number[] = [];
  const table = { projectId: 'p', datasetId: 'd', tableId: 't' };
  for await (const { columns } of readOrdered({ client, project: 'p', table, columns: [{ name: 'half', type: 'Float64', source: 'a' }], rowCount: 6, streams: 2, patience: { attempts: 3, firstMs: 1 }, ...extra })) values.push(...(columns[0]!.values as Float64Array));
  return values;
};
const HALVES = [0, 0.5, 1, 1.5, 2, 2.5];

describe('the rows of a result table of BigQuery', () => {
  it('come in the order of their numbers, whatever order streams give them in', async () => {
    assert.deepEqual(await read(server([[[5, 0], [2]], [[3, 4], [1]]]).client), HALVES);
  });

  it('are read in chunks of consecutive numbers', async () => {
    const { client, restrictions } = server([[[5, 0, 2], [1]], [[3, 4]]]);
    assert.deepEqual(await read(client, { chunkRows: 4 }), HALVES);
    assert.deepEqual(restrictions, ['row_number >= 0 AND row_number < 4', 'row_number >= 4 AND row_number < 6']);
  });

  it('are read on from the row that a broken stream had come to', async () => {
    const { client, offsets } = server([[[0, 1], [2], [3, 4, 5]]], { breakAfter: 1 });
    assert.deepEqual(await read(client), HALVES);
    assert.deepEqual(offsets, [0, 2, 3]);
  });

  it('are UNAVAILABLE when a stream breaks again and again, and an error that cannot pass is given at once', async () => {
    const { client, offsets } = server([[[0, 1, 2, 3, 4, 5]]], { breakAfter: 0 });
    await assert.rejects(read(client), failure('UNAVAILABLE', /broke off 3 times/));
    assert.equal(offsets.length, 3);
    const denied = server([[[0]]], { breakAfter: 0, code: 7 });
    await assert.rejects(read(denied.client), failure('INVALID_CONFIG', /roles\/bigquery\.readSessionUser/));
    assert.equal(denied.offsets.length, 1);
  });

  it('are refused when a number is missing, comes twice or was not asked for', async () => {
    await assert.rejects(read(server([[[0, 1, 2, 4, 5]]]).client), failure('CONFLICT', /lacks row number 3/));
    await assert.rejects(read(server([[[0, 1, 2, 3, 4, 5]], [[3]]]).client), failure('CONFLICT', /row number 3 twice/));
    await assert.rejects(read(server([[[0, 1, 2, 3, 4, 5, 6]]]).client), failure('CONFLICT', /not asked for/));
  });

  it('end with the reason of the signal', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await assert.rejects(read(server([[[0, 1, 2, 3, 4, 5]]]).client, { signal: controller.signal }), /enough/);
  });
});
