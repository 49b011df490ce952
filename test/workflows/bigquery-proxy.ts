import { startStandIn, type Answer, type Asked } from '../adapters/mlflow-rest/stand-in.ts';

interface AskedJob {
  readonly jobReference?: { readonly jobId?: string };
  readonly configuration: { readonly dryRun?: boolean; readonly query?: { readonly query: string } };
}

/** BigQuery's address that passes everything on, except jobs that are held: those run until they are cancelled (cloud.google.com/bigquery/docs/reference/rest/v2/jobs/cancel), and are `stopped` then. */
export async function startBigQueryProxy(target: string) {
  const [jobs, cancelled] = [[] as string[], [] as string[]];
  const held = new Map<string, AskedJob>();
  let holding: string | undefined;
  const json = (body: unknown): Answer => ({ headers: { 'content-type': 'application/json' }, body });
  const state = (id: string): object => ({ ...held.get(id), status: cancelled.includes(id) ? { state: 'DONE', errorResult: { reason: 'stopped', message: 'Job execution was cancelled: User requested cancellation' } } : { state: 'RUNNING' } });
  const answer = async (asked: Asked): Promise<Answer> => {
    const [, id = '', action = ''] = /\/projects\/[^/]+\/jobs\/?([^/?]*)(\/cancel)?/.exec(asked.path) ?? [];
    if (asked.method === 'POST' && action !== '') cancelled.push(id);
    if (held.has(id)) return json(action === '' ? state(id) : { job: state(id) });
    if (asked.method === 'POST' && id === '' && /\/jobs\/?(\?|$)/.test(asked.path) && !asked.path.startsWith('/upload')) {
      const job = JSON.parse(asked.text) as AskedJob;
      const sql = job.configuration.query?.query;
      if (sql !== undefined && job.configuration.dryRun !== true) {
        const isHeld = holding !== undefined && sql.includes(holding);
        if (isHeld) held.set(job.jobReference!.jobId!, job);
        const made = isHeld ? json(state(job.jobReference!.jobId!)) : await passOn(target, asked);
        if ((made.status ?? 200) === 200) jobs.push(sql); // 409: it is there already
        return made;
      }
    }
    return passOn(target, asked);
  };
  const { uri, stop } = await startStandIn(answer);
  return { url: uri, jobs: () => jobs, cancelled: () => cancelled, hold: (text: string) => { holding = text; }, stop };
}

async function passOn(target: string, { method, path, headers, text }: Asked): Promise<Answer> {
  const type = headers['content-type'] as string | undefined;
  const body = method === 'GET' || method === 'HEAD' || text === '' ? {} : { body: text };
  const answer = await fetch(`${target}${path}`, { method, ...body, headers: type === undefined ? {} : { 'content-type': type } });
  return { status: answer.status, headers: { 'content-type': answer.headers.get('content-type') ?? 'application/json' }, body: await answer.text() };
}
