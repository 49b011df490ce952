import { startStandIn } from '../mlflow-rest/stand-in.ts';
import type { Answer } from '../mlflow-rest/stand-in.ts';
import { apiError } from './jobs-stand-in.ts';

interface AskedJob {
  readonly configuration: { readonly dryRun?: boolean; readonly query?: { readonly query: string } };
}

/**
 * The address of BigQuery's API that passes everything on, and the text of every query that was asked for, once each. What names `table` is only written down: its dry runs are
 * answered (cloud.google.com/bigquery/docs/reference/rest/v2/Job), its jobs refused.
 */
export async function startRecorder(target: string, table: string): Promise<{ readonly url: string; queries(): readonly string[]; stop(): Promise<void> }> {
  const queries = new Set<string>();
  const { uri, stop } = await startStandIn(async ({ method, path, headers, text }) => {
    const job = method === 'POST' && /\/projects\/[^/]+\/jobs\/?(\?|$)/.test(path) && !path.startsWith('/upload') ? (JSON.parse(text) as AskedJob) : undefined;
    const sql = job?.configuration.query?.query;
    if (sql === undefined) return passOn(`${target}${path}`, method, headers['content-type'] as string | undefined, text);
    queries.add(sql);
    if (!sql.includes(table)) return passOn(`${target}${path}`, method, 'application/json', text);
    if (job!.configuration.dryRun !== true) return apiError(400, 'invalidQuery', 'This query is written down, and not run');
    return { headers: { 'content-type': 'application/json' }, body: { ...job, status: { state: 'DONE' }, statistics: { query: { totalBytesProcessed: '1000', statementType: 'SELECT', schema: { fields: [] } } } } };
  });
  return { url: uri, queries: () => [...queries], stop };
}

async function passOn(url: string, method: string, type: string | undefined, text: string): Promise<Answer> {
  const body = method === 'GET' || method === 'HEAD' ? {} : { body: text };
  const answer = await fetch(url, { method, ...body, headers: type === undefined ? {} : { 'content-type': type } });
  return { status: answer.status, headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json' }, body: await answer.text() };
}
