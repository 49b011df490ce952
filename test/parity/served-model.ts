import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApp } from '../../api/create-app.ts';
import { holdModel } from '../../api/model-holder.ts';
import type { PredictAnswer } from '../../api/predict.ts';
import { serveApi } from '../../api/serve.ts';
import type { Micros } from '../../domain/instant.ts';
import type { Ports } from '../../ports/ports.ts';

const SILENT = { info: () => undefined, warn: () => undefined, error: console.error };

/** The files of a folder, by path. */
export async function modelFiles(folder: string): Promise<Readonly<Record<string, Buffer>>> {
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)));
}

/** What the API answers for the instances, with the ports' online store and tracker. */
export async function predictions(ports: Ports, { model, instances, askedAt }: { readonly model: string; readonly instances: readonly object[]; readonly askedAt: Micros }): Promise<PredictAnswer['predictions']> {
  const holder = await holdModel(ports, model, SILENT);
  const api = await serveApi(createApp({ models: holder, onlineStore: ports.onlineStore, clock: { now: () => askedAt }, log: SILENT }), holder, { host: '127.0.0.1', port: 0, log: SILENT });
  try {
    const response = await fetch(`${api.url}/predict`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ instances }) });
    if (response.status !== 200) assert.fail(`${response.status} ${await response.text()}`);
    return ((await response.json()) as PredictAnswer).predictions;
  } finally {
    await api.stop();
  }
}
