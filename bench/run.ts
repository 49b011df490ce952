import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigquery } from './sections/bigquery.ts';
import { growth } from './sections/growth.ts';
import { historical } from './sections/historical.ts';
import { materialize } from './sections/materialize.ts';
import { onlineTls } from './sections/online-tls.ts';
import { online } from './sections/online.ts';
import { start } from './sections/start.ts';
import { SECTION_NAMES, type BenchArguments, type SectionName } from './support/arguments.ts';
import { keepSections, keptSections } from './support/kept-sections.ts';
import { loadAverage, machineFacts } from './support/machine.ts';
import { renderPage, type Measured, type Section } from './support/report.ts';
import { startBenchServers, type BenchServers } from './support/servers.ts';

/** What every section is given. */
export interface Bench {
  readonly root: string;
  /** For files of this run. */
  readonly folder: string;
  readonly servers: BenchServers;
  /** Feast's Python; undefined where it is not installed: its rows are left out then. */
  readonly feastPython: string | undefined;
  readonly size: 'quick' | 'normal' | 'full';
  readonly repeats: number;
}

const SECTIONS: Readonly<Record<SectionName, (bench: Bench) => Promise<Section>>> = { historical, growth, materialize, online, 'online-tls': onlineTls, start, bigquery };

/** Runs the sections that are asked for and writes the page; servers and files of the run are gone afterwards, whatever happens. */
export async function run(root: string, { names, size, repeats, output: chosenOutput }: BenchArguments): Promise<void> {
  const whole = size !== 'quick' && names.length === SECTION_NAMES.length;
  const output = chosenOutput ?? (whole ? join(root, 'docs', 'benchmarks.md') : join(root, '.run', 'benchmarks.md'));
  const tools = process.env['ML_PIPELINE_TOOLS'] ?? join(root, '.tools');
  const facts = machineFacts(tools);
  console.error(facts.map(([name, value]) => `${name}: ${value}`).join('\n'));
  const sections = await measureAll(root, tools, names, size, repeats);
  const kept = size === 'quick' ? new Map<string, Measured>() : await keptSections(root, facts);
  if (size !== 'quick') await keepSections(root, facts, sections);
  const page = renderPage(facts, SECTION_NAMES.flatMap((name) => sections.get(name) ?? kept.get(name) ?? []));
  console.log(page);
  await writeFile(`${output}.new`, page);
  await rename(`${output}.new`, output);
  console.error(`Written to ${output}`);
}

async function measureAll(root: string, tools: string, names: readonly SectionName[], size: Bench['size'], repeats: number): Promise<ReadonlyMap<string, Measured>> {
  const python = join(tools, 'feast', 'bin', 'python');
  const folder = await mkdtemp(join(tmpdir(), 'ml-pipeline-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true })); // also where it is interrupted
  const servers = await startBenchServers(join(tools, 'bin'));
  const interrupt = (): void => void servers.stop().finally(() => process.exit(130));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const sections = new Map<string, Measured>();
    for (const name of names) {
      const how = `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC, ${size === 'normal' ? 'the default run' : `--${size}`}, ${repeats} of each, taking turns; load average at the start ${await loadAverage()}`;
      sections.set(name, { ...(await SECTIONS[name]({ root, folder, servers, size, repeats, feastPython: existsSync(python) ? python : undefined })), how, size });
    }
    return sections;
  } finally {
    await servers.stop();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}
