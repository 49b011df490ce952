import { asBigQueryError } from '../../../adapters/bigquery/call-failure.ts';
import { openBigQuery } from '../../../adapters/bigquery/connection.ts';
import { createStorageClient } from '../../../adapters/gcs/client.ts';
import { storageFailure } from '../../../adapters/gcs/failure.ts';
import type { PipelineError } from '../../../domain/errors.ts';

/**
 * Asks Cloud Storage and BigQuery with each credentials file of the command line, and prints their errors as JSON; an empty name: without any.
 * Reads no further than the file, so nothing is sent.
 */
const settings = { project: 'p', location: 'us-central1', maximum_bytes_billed: 10 ** 9, datasets: { raw: 'r', feature_mart: 'm', spine: 's', registry: 'g' } };
const told = (error: unknown): object => ({ code: (error as PipelineError).code, message: (error as Error).message });
const answers: object[] = [];
for (const file of process.argv.slice(2)) {
  process.env['GOOGLE_APPLICATION_CREDENTIALS'] = file;
  const connection = openBigQuery(settings);
  for (const open of [connection.readClient, connection.writeClient, connection.readClient]) await open().catch((error: unknown) => answers.push(told(error)));
  await createStorageClient({ project: 'p' }).bucket('b').file('x').getMetadata().catch((error: unknown) => answers.push(told(storageFailure(error, 'b', 'gs://b/x'))));
  await connection.client.dataset('d').getMetadata().catch((error: unknown) => answers.push(told(asBigQueryError(error, 'looking', settings))));
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
