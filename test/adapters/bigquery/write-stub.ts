/**
 * BigQuery's Storage Write service in memory, with the answers that its documentation gives for offsets, row errors, streams and schema changes
 * (cloud.google.com/bigquery/docs/reference/storage/rpc/google.cloud.bigquery.storage.v1, AppendRowsResponse and StorageError). Faults are put in its way one by one.
 */
import { protos } from '@google-cloud/bigquery-storage';
import { Server, ServerCredentials, status, type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, type ServiceDefinition } from '@grpc/grpc-js';

const { AppendRowsRequest, AppendRowsResponse, CreateWriteStreamRequest, WriteStream } = protos.google.cloud.bigquery.storage.v1;
type Request = protos.google.cloud.bigquery.storage.v1.AppendRowsRequest;
type Response = protos.google.cloud.bigquery.storage.v1.IAppendRowsResponse;
type Field = protos.google.cloud.bigquery.storage.v1.ITableFieldSchema;

interface Codec {
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
}

/** What becomes of the next request: broken off before or after its rows are in, answered with an error, or with a new schema besides. */
export type Fault = { readonly breakBefore: number } | { readonly breakAfter: number } | { readonly answer: Response } | { readonly newSchema: true };

export interface WriteStub {
  readonly endpoint: string;
  /** Tables by the end of their path: `<data set>/tables/<table>`. */
  readonly tables: Map<string, readonly Field[]>;
  /** Faults of a table's next requests, in order. */
  readonly faults: Map<string, Fault[]>;
  /** Codes with which the next streams are refused. */
  readonly refusals: number[];
  /** Streams of a table, in the order in which they were made. */
  streams(table: string): { readonly name: string; readonly rows: readonly Buffer[] }[];
  rows(table: string): Buffer[];
  /** The table's streams are gone; what they brought stays. */
  removeStreams(table: string): void;
  close(): Promise<void>;
}

interface Stream {
  readonly name: string;
  readonly table: string;
  readonly rows: Buffer[];
  isGone: boolean;
}

export async function startWriteStub(): Promise<WriteStub> {
  const [tables, faults, refusals, streams] = [new Map<string, readonly Field[]>(), new Map<string, Fault[]>(), [] as number[], [] as Stream[]];
  const create = (call: ServerUnaryCall<{ parent: string }, object>, done: sendUnaryData<object>): void => {
    const table = call.request.parent.replace(/^projects\/[^/]+\/datasets\//, '');
    const [refusal, fields] = [refusals.shift(), tables.get(table)];
    if (refusal !== undefined || fields === undefined) return done({ code: refusal ?? status.NOT_FOUND, details: refusal === undefined ? `Requested entity was not found. Entity: ${call.request.parent}` : 'refused' });
    const stream: Stream = { name: `${call.request.parent}/streams/s${streams.length}`, table, rows: [], isGone: false };
    streams.push(stream);
    done(null, { name: stream.name, type: 'COMMITTED', tableSchema: { fields } });
  };
  const append = (call: ServerDuplexStream<Request, Response>): void => {
    let stream: Stream | undefined;
    call.on('data', (request: Request) => {
      stream = streams.find(({ name }) => name === request.writeStream) ?? stream;
      if (stream === undefined || stream.isGone) return void call.emit('error', { code: status.NOT_FOUND, details: 'Requested entity was not found. Entity: the stream' });
      const fault = faults.get(stream.table)?.shift();
      if (fault !== undefined && 'breakBefore' in fault) return void call.emit('error', { code: fault.breakBefore, details: 'broken off before' });
      if (fault !== undefined && 'answer' in fault) return void call.write(fault.answer);
      const answer = take(stream, request);
      if (fault !== undefined && 'breakAfter' in fault) return void call.emit('error', { code: fault.breakAfter, details: 'broken off after' });
      call.write(fault === undefined ? answer : { ...answer, updatedSchema: { fields: [...tables.get(stream.table)!] } });
    });
    call.on('end', () => call.end());
  };
  const server = new Server();
  server.addService(SERVICE, { createWriteStream: create, appendRows: append });
  const port = await new Promise<number>((resolve, reject) => server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error))));
  return {
    endpoint: `http://127.0.0.1:${port}`, tables, faults, refusals,
    streams: (table) => streams.filter((stream) => stream.table === table),
    rows: (table) => streams.filter((stream) => stream.table === table).flatMap(({ rows }) => rows),
    removeStreams: (table) => streams.forEach((stream) => void (stream.isGone ||= stream.table === table)),
    close: () => new Promise((resolve) => {
      server.tryShutdown(() => resolve());
      server.forceShutdown();
    }),
  };
}

function take(stream: Stream, request: Request): Response {
  const offset = Number(request.offset?.value);
  const error = (code: number, message: string): Response => ({ error: { code, message }, writeStream: stream.name });
  if (offset < stream.rows.length) return error(status.ALREADY_EXISTS, `The offset is within stream, expected offset ${stream.rows.length}, received ${offset}`);
  if (offset > stream.rows.length) return error(status.OUT_OF_RANGE, `The offset is beyond stream, expected offset ${stream.rows.length}, received ${offset}`);
  stream.rows.push(...(request.protoRows?.rows?.serializedRows ?? []).map((row) => Buffer.from(row)));
  return { appendResult: { offset: { value: offset } }, writeStream: stream.name };
}

const SERVICE: ServiceDefinition = {
  createWriteStream: method('CreateWriteStream', CreateWriteStreamRequest, WriteStream, false),
  appendRows: method('AppendRows', AppendRowsRequest, AppendRowsResponse, true),
};

function method(name: string, request: Codec & { fromObject(object: object): object }, response: Codec & { fromObject(object: object): object }, isStream: boolean): ServiceDefinition[string] {
  const write = (codec: typeof request) => (message: object): Buffer => Buffer.from(codec.encode(codec.fromObject(message)).finish());
  const read = (codec: typeof request) => (bytes: Buffer): object => codec.decode(bytes);
  return { path: `/google.cloud.bigquery.storage.v1.BigQueryWrite/${name}`, requestStream: isStream, responseStream: isStream, requestSerialize: write(request), requestDeserialize: read(request), responseSerialize: write(response), responseDeserialize: read(response) };
}
