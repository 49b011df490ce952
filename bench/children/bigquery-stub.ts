/**
 * BigQuery in memory, for measuring its clients: all messages are made before the first is asked for, so that what is measured is the client. Arguments: `dataset` or `newest`, the rows, `json` for pages too.
 * Tells its parent the addresses. Shapes: cloud.google.com/bigquery/docs/reference/rest (tables.get, jobs.insert, tabledata.list) and .../storage/rpc (CreateReadSession, ReadRows).
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { protos } from '@google-cloud/bigquery-storage';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { arrowMessages, DATASET, jsonFields, jsonPage, MESSAGE_ROWS, NEWEST, PAGE_ROWS } from '../support/bigquery-rows.ts';
import { FEATURES } from '../support/wide-table.ts';

const { CreateReadSessionRequest, ReadSession, ReadRowsRequest, ReadRowsResponse } = protos.google.cloud.bigquery.storage.v1;
type SessionRequest = protos.google.cloud.bigquery.storage.v1.CreateReadSessionRequest;
type RowsRequest = protos.google.cloud.bigquery.storage.v1.ReadRowsRequest;

const [kind, count, withJson] = [process.argv[2], Number(process.argv[3]), process.argv[4] === 'json'];
const columns = kind === 'newest' ? NEWEST : DATASET;
const table = kind === 'newest' ? [{ name: 'user_id', type: 'Int64' as const }, { name: 'event_timestamp', type: 'Timestamp' as const }, { name: 'created_timestamp', type: 'Timestamp' as const }, ...FEATURES.map((name) => ({ name, type: 'Float64' as const }))] : DATASET;
const spans = (size: number): [number, number][] => Array.from({ length: Math.ceil(count / size) }, (_, i) => [i * size, Math.min(size, count - i * size)]);
const [schema] = arrowMessages(columns, 0, 1);
const messages = spans(MESSAGE_ROWS).map(([start, rows]) => Buffer.from(ReadRowsResponse.encode({ rowCount: rows, arrowRecordBatch: { serializedRecordBatch: arrowMessages(columns, start, rows)[1] } }).finish()));
const pages = new Map(withJson ? spans(PAGE_ROWS).map(([start, rows]) => [start, Buffer.from(jsonPage(columns, start, rows, count))]) : []);

/** Streams that share the messages of the rows asked for by number, or of all; those begin and end where messages do. */
function openSession({ request }: ServerUnaryCall<SessionRequest, Buffer>, done: sendUnaryData<Buffer>): void {
  const [from = 0, to = count] = (/row_number >= (\d+) AND row_number < (\d+)/.exec(request.readSession?.readOptions?.rowRestriction ?? '') ?? []).slice(1).map(Number);
  const [first, last] = [from / MESSAGE_ROWS, Math.ceil(to / MESSAGE_ROWS)];
  const streams = Array.from({ length: Math.min(request.maxStreamCount, last - first) }, (_, i) => ({ name: `${request.parent}/locations/us/sessions/s/streams/${first + i}_${last}_${request.maxStreamCount}` }));
  done(null, Buffer.from(ReadSession.encode({ arrowSchema: { serializedSchema: schema }, streams }).finish()));
}

async function sendRows(call: ServerWritableStream<RowsRequest, Buffer>): Promise<void> {
  const [first, last, step] = call.request.readStream.split('/').at(-1)!.split('_').map(Number) as [number, number, number];
  for (let i = first; i < last && !call.cancelled; i += step) if (!call.write(messages[i]!)) await Promise.race([once(call, 'drain'), once(call, 'cancelled')]);
  call.end();
}

const SERVICE_PATH = '/google.cloud.bigquery.storage.v1.BigQueryRead';
const plain = { requestSerialize: (bytes: Buffer) => bytes, responseSerialize: (bytes: Buffer) => bytes, responseDeserialize: (bytes: Buffer) => bytes, requestStream: false };
const grpc = new Server();
grpc.addService({
  createReadSession: { ...plain, path: `${SERVICE_PATH}/CreateReadSession`, responseStream: false, requestDeserialize: (bytes: Buffer) => CreateReadSessionRequest.decode(bytes) },
  readRows: { ...plain, path: `${SERVICE_PATH}/ReadRows`, responseStream: true, requestDeserialize: (bytes: Buffer) => ReadRowsRequest.decode(bytes) },
}, { createReadSession: openSession, readRows: (call: ServerWritableStream<RowsRequest, Buffer>) => void sendRows(call) });

/** Jobs are done as they are made; every table has the same columns. */
async function answer(request: IncomingMessage): Promise<string | Buffer> {
  const url = new URL(request.url!, 'http://localhost');
  const body = await text(request);
  if (url.pathname.endsWith('/data')) return pages.get(Number(url.searchParams.get('pageToken') ?? 0))!;
  if (!url.pathname.includes('/jobs')) return JSON.stringify({ schema: { fields: jsonFields(table) }, numRows: String(count), type: 'TABLE' });
  const job = (body === '' ? {} : JSON.parse(body)) as { readonly jobReference?: object; readonly configuration?: object };
  if (job.configuration !== undefined) made = job;
  return JSON.stringify({ ...made, status: { state: 'DONE' }, statistics: { totalBytesProcessed: String(count * 8), query: { totalBytesProcessed: String(count * 8), statementType: 'SELECT' } } });
}

let made: object = {};
const http = createServer((request: IncomingMessage, response: ServerResponse) => {
  answer(request).then((body) => response.setHeader('content-type', 'application/json').end(body), (error: unknown) => { console.error(error); response.writeHead(500).end(); });
}).listen(0, '127.0.0.1');
await once(http, 'listening');
const port = await new Promise<number>((resolve, reject) => grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error))));
process.send!({ rest: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, grpc: `http://127.0.0.1:${port}` });
