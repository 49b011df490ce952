import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', '..', 'deploy', 'monitoring');

/** The files of `deploy/monitoring`, read: the dashboard and the alert policies. */
export async function monitoringFiles(): Promise<ReadonlyMap<string, object>> {
  const alerts = (await readdir(join(FOLDER, 'alerts'))).map((name) => join('alerts', name));
  return new Map(await Promise.all(['dashboard.json', ...alerts].map(async (name) => [name, JSON.parse(await readFile(join(FOLDER, name), 'utf8')) as object] as const)));
}

/** Every metric that they name, as it is called before Prometheus takes a histogram apart. */
export async function monitoredMetrics(): Promise<readonly string[]> {
  const text = JSON.stringify([...(await monitoringFiles()).values()]);
  const queries = [...text.matchAll(/"(?:prometheusQuery|query)":"((?:[^"\\]|\\.)*)"/g)].map(([, query]) => query!);
  const names = queries.flatMap((query) => [...query.replaceAll(/\bby \([^)]*\)/g, '').replaceAll(/\{[^}]*\}/g, '{').matchAll(/\b([a-z][a-z0-9]*_[a-z0-9_]+)(?=[[{) ]|$)/g)].map(([, name]) => name!)).filter((name) => !['histogram_quantile'].includes(name));
  const builtIn = [...text.matchAll(/metric\.type = \\"([^"\\]+)\\"/g)].map(([, name]) => name!);
  return [...new Set([...names.map((name) => name.replace(/_(bucket|count|sum)$/, '')), ...builtIn])].sort();
}
