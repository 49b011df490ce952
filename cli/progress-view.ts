import type { Progress, StepProgress } from '../temporal/progress.ts';

const MARKS: Readonly<Record<StepProgress['status'], string>> = { waiting: '·', running: '▸', done: '✓', failed: '✗', skipped: '-' };
const BAR_WIDTH = 24;

/** A bar over all steps and a line per step, for a terminal. */
export function progressLines({ steps }: Progress, nowMillis: number): readonly string[] {
  if (steps.length === 0) return [];
  const ended = steps.filter(({ status }) => status !== 'waiting' && status !== 'running').length;
  const filled = Math.round((BAR_WIDTH * ended) / steps.length);
  return [`[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}] ${ended} of ${steps.length}`, ...steps.map((step) => stepLine(step, nowMillis))];
}

/** The steps that ended between two looks: what a log shows. */
export function newlyEnded(before: Progress, now: Progress): readonly string[] {
  const known = new Set(before.steps.filter(hasEnded).map(({ name }) => name));
  return now.steps.filter((step) => hasEnded(step) && !known.has(step.name)).map((step) => stepLine(step, step.endedMillis ?? 0));
}

const hasEnded = ({ status }: StepProgress): boolean => status === 'done' || status === 'failed' || status === 'skipped';

function stepLine({ name, status, startedMillis, endedMillis, detail }: StepProgress, nowMillis: number): string {
  const seconds = startedMillis === undefined ? '' : `${(Math.max(0, (endedMillis ?? nowMillis) - startedMillis) / 1000).toFixed(1)} s`;
  return `  ${MARKS[status]} ${name.padEnd(18)} ${seconds.padStart(8)}  ${detail ?? ''}`.trimEnd();
}
