import { openBigQuery } from '../../../adapters/bigquery/connection.ts';
import { createStorageClient } from '../../../adapters/gcs/client.ts';

/** Asks BigQuery, its Storage API and Cloud Storage at the address of the command line, with the credentials of the environment, and prints the codes of their errors as JSON. */
const address = process.argv[2]!;
const datasets = { raw: 'r', feature_mart: 'm', spine: 's', registry: 'g' };
const connection = openBigQuery({ project: 'p', location: 'us-central1', maximum_bytes_billed: 10 ** 9, datasets, api_endpoint: `https://${address}`, grpc_endpoint: address });
const storage = createStorageClient({ project: 'p', apiEndpoint: `https://${address}` });
const codes: unknown[] = [];
const ask = (work: Promise<unknown>): Promise<unknown> => work.then(() => codes.push('answered'), (error: { readonly code?: unknown; readonly message?: string }) => codes.push(error.code ?? error.message));
await ask(connection.client.dataset('d').getMetadata());
await ask(connection.readClient().then((client) => client.createReadSession({ parent: 'projects/p', readSession: { table: 'projects/p/datasets/d/tables/t', dataFormat: 'ARROW' }, maxStreamCount: 1 })));
await ask(connection.writeClient().then((client) => client.getWriteStream({ name: 'projects/p/datasets/d/tables/t/streams/x' })));
await ask(connection.writeClient().then((client) => new Promise((_, refuse) => client.appendRows({ otherArgs: { headers: { 'x-goog-request-params': 'write_stream=x' } } }).on('error', refuse).write({ writeStream: 'x' }))));
await ask(storage.bucket('b').file('o').getMetadata());
process.stdout.write(JSON.stringify(codes), () => process.exit(0));
