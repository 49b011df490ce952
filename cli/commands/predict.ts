import type { Command } from 'commander';
import { PipelineError, type Problem } from '../../domain/errors.ts';
import type { CommandContext } from '../context.ts';
import { nameValue } from '../option-values.ts';
import { table } from '../output.ts';

interface PredictOptions {
  readonly entity?: Readonly<Record<string, string>>;
  readonly request?: Readonly<Record<string, string>>;
  readonly url?: string;
}

interface Answer {
  readonly error?: { readonly code: string; readonly message: string; readonly problems: readonly Problem[] };
  readonly model: { readonly name: string | null; readonly version: string | null };
  readonly predictions: readonly {
    readonly prediction: string | number;
    readonly probabilities?: Readonly<Record<string, number>>;
    readonly features: Readonly<Record<string, { readonly value: unknown; readonly status: string; readonly age_seconds?: number }>>;
  }[];
}

/** A prediction may take this long before the server counts as away. */
const TIMEOUT_MS = 10_000;

export function registerPredict(program: Command, { services, run }: CommandContext): void {
  program
    .command('predict')
    .description('Ask the running API for one prediction.')
    .option('--entity <name=value>', 'join key and value; repeat for each', nameValue)
    .option('--request <name=value>', 'request column and value; repeat for each (empty value: not known)', nameValue)
    .option('--url <url>', 'the API (default: the environment\'s)')
    .addHelpText('after', '\nExample:\n  ml-pipeline predict --entity origin=JFK --entity tailnum=N328AA --entity carrier=AA --request distance=2475 --request hour=9 --request weekday=1 --request month=11')
    .action(
      run<PredictOptions>(async (output, { entity = {}, request = {}, url }) => {
        const api = url ?? (await services.settings()).apiUrl;
        const typed = Object.fromEntries(Object.entries(request).map(([name, value]) => [name, value === '' ? null : typedValue(value)]));
        const answer = await post(`${api}/predict`, { instances: [{ entities: entity, request: typed }] });
        output.result(answer, answerLines(answer));
      }),
    );
}

function typedValue(text: string): number | string {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

async function post(url: string, body: object): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new PipelineError('UNAVAILABLE', `${url} does not answer. Start the API with \`ml-pipeline serve --model models:/<name>@<alias>\`.`, { cause: error });
  });
  const answer = (await response.json().catch((error: unknown) => {
    throw new PipelineError('INVALID_INPUT', `${url} answers, but not as the prediction API does (status ${response.status}). Is --url right?`, { cause: error });
  })) as Answer;
  if (answer.error !== undefined) throw new PipelineError(response.status === 503 ? 'UNAVAILABLE' : response.status >= 500 ? 'INVALID_DATA' : 'INVALID_INPUT', answer.error.message, { problems: answer.error.problems.map(withOption) });
  return answer;
}

/** What is missing in the request is given as an option here. */
function withOption(problem: Problem): Problem {
  const [, part, name] = /^instances\[0\]\.(entities|request)\.(.+)$/.exec(problem.path) ?? [];
  if (part === undefined || problem.message !== 'is missing') return problem;
  return { ...problem, cure: part === 'request' ? `Give it with --request ${name}=<value>; without a value (--request ${name}=) it is not known.` : `Give it with --entity ${name}=<value>.` };
}

/** In the largest unit of which there are two: `90 min`, `47 h`, `30 d`. */
function ageText(seconds: number): string {
  const [size, unit] = seconds >= 172_800 ? [86_400, 'd'] : seconds >= 7_200 ? [3_600, 'h'] : [60, 'min'];
  return `${Math.round(seconds / size)} ${unit}`;
}

function answerLines({ model, predictions }: Answer): readonly string[] {
  return predictions.flatMap(({ prediction, probabilities, features }) => [
    `prediction   ${prediction}   (${model.name ?? 'model'} version ${model.version ?? '-'})`,
    ...Object.entries(probabilities ?? {}).map(([label, probability]) => `  ${label.padEnd(10)} ${probability.toFixed(4)}`),
    ...table(['feature', 'value', 'status', 'age'], Object.entries(features).map(([name, { value, status, age_seconds: age }]) => [name, String(value), status, age === undefined ? '' : ageText(age)])),
  ]);
}
