import type { EvaluationSection, RegistrationSection } from '../recipe/recipe.ts';
import { isMetricName, METRICS } from './metrics.ts';

export type Scores = Readonly<Record<string, number>>;

/** How the model with the alias did on the same test rows; or why it could not be asked. */
export type ChampionScores = { readonly version: string; readonly metrics: Scores } | { readonly version: string; readonly unscorable: string };

export interface PromotionDecision {
  readonly promote: boolean;
  /** One sentence with the figures, for people. */
  readonly reason: string;
}

/**
 * Whether the new version gets the alias. `always` and `never` say so themselves. `better`: with no champion, all thresholds must be met; with one, the first
 * metric of the recipe must be strictly better than the champion's on the same rows. A champion that cannot be scored keeps the alias.
 */
export function decidePromotion(promote: RegistrationSection['promote'], evaluation: EvaluationSection, metrics: Scores, champion: ChampionScores | undefined): PromotionDecision {
  if (promote === undefined) return { promote: false, reason: 'the recipe names no alias' };
  if (promote.when !== 'better') return { promote: promote.when === 'always', reason: `the recipe says promote ${promote.when}` };
  if (champion === undefined) return byThresholds(evaluation.thresholds, metrics);
  if ('unscorable' in champion) return { promote: false, reason: `version ${champion.version} keeps the alias: ${champion.unscorable}` };
  return byComparison(evaluation.metrics[0] ?? '', metrics, champion);
}

function byThresholds(thresholds: EvaluationSection['thresholds'], metrics: Scores): PromotionDecision {
  const accounts = Object.entries(thresholds).map(([name, { operator, bound }]) => {
    const value = metrics[name] ?? NaN;
    const met = operator === '>=' ? value >= bound : operator === '>' ? value > bound : operator === '<=' ? value <= bound : value < bound;
    return { met, text: `${name} ${round(value)} is ${met ? '' : 'not '}${operator} ${bound}` };
  });
  const promote = accounts.every(({ met }) => met);
  const figures = accounts.length === 0 ? 'the recipe sets no threshold' : accounts.map(({ text }) => text).join(', ');
  return { promote, reason: `first model: ${figures}` };
}

function byComparison(metric: string, metrics: Scores, champion: { readonly version: string; readonly metrics: Scores }): PromotionDecision {
  const [ours, theirs] = [metrics[metric] ?? NaN, champion.metrics[metric] ?? NaN];
  const maximize = isMetricName(metric) && METRICS[metric].direction === 'maximize';
  const promote = maximize ? ours > theirs : ours < theirs;
  return { promote, reason: `${metric} ${round(ours)} is ${promote ? 'better than' : 'no better than'} ${round(theirs)} of version ${champion.version}` };
}

function round(value: number): string {
  return Number(value.toPrecision(6)).toString();
}
