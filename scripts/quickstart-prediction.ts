import type { PredictAnswer } from '../api/predict.ts';

/** A flight that has yet to leave, with what a prediction is asked with. Hour, weekday and month are New York's. */
export interface Flight {
  readonly carrier: string;
  readonly flight: number;
  readonly origin: string;
  readonly dest: string;
  readonly tailnum: string;
  readonly distance: number;
  readonly departure: string;
  readonly hour: number;
  readonly weekday: number;
  readonly month: number;
}

/** Of the 16 features of the service, so many must be there and within their ttl. */
export const FEATURES = 16;
const NEEDED = 12;

/** The request as one types it. */
export function curlCommand(apiUrl: string, { origin, tailnum, carrier, distance, hour, weekday, month }: Flight): string {
  const body = JSON.stringify({ instances: [{ entities: { origin, tailnum, carrier }, request: { distance, hour, weekday, month } }] });
  return `curl --silent --show-error --max-time 10 ${apiUrl}/predict --header 'content-type: application/json' --data '${body.replaceAll("'", "'\\''")}'`;
}

/** What is wrong with the answer to one instance; empty when enough features were present. */
export function answerProblems(answer: Partial<PredictAnswer>): readonly string[] {
  const [prediction] = answer.predictions ?? [];
  if (prediction === undefined) return ['The API did not predict; its answer is above.'];
  const features = Object.entries(prediction.features);
  const present = features.filter(([, { status }]) => status === 'PRESENT').length;
  if (features.length === FEATURES && present >= NEEDED) return [];
  return [`Only ${present} of ${features.length} features were present and within their ttl; ${NEEDED} of ${FEATURES} are needed. Missing: ${prediction.missing.join(', ')}.`];
}

/** The answer as JSON, each feature on one line. */
export function formatAnswer(answer: unknown, depth = 0): string {
  const inner = '  '.repeat(depth + 1);
  const isFlat = typeof answer !== 'object' || answer === null || Object.values(answer).every((value) => typeof value !== 'object' || value === null);
  if (isFlat) return JSON.stringify(answer);
  const [open, close] = Array.isArray(answer) ? ['[', ']'] : ['{', '}'];
  const lines = Object.entries(answer).map(([name, value]) => `${inner}${Array.isArray(answer) ? '' : `${JSON.stringify(name)}: `}${formatAnswer(value, depth + 1)}`);
  return `${open}\n${lines.join(',\n')}\n${'  '.repeat(depth)}${close}`;
}
