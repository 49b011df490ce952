import type { CostEstimate } from '../../../domain/cost/estimate.ts';
import type { PriceList } from '../../../domain/cost/price-list.ts';
import { table } from '../../output.ts';

/** Prices that are older are to be looked at again. */
const OLD_DAYS = 180;

const dollars = (usd: number): string => `$${usd.toFixed(2)}`;

/** The table for people: each part of the bill with its working, then services, total and budget. */
export function estimateLines(estimate: CostEstimate): readonly string[] {
  const { recipe, pricesAsOf, lines, totalUsd, fixedUsd, budgetUsd } = estimate;
  const parts = table(['service', 'what', 'a month', 'working'], lines.map(({ service, item, usd, working }) => [service, item, dollars(usd), working]));
  const services = table(['service', 'a month'], [...[...byService(estimate)].map(([service, usd]) => [service, dollars(usd)]), ['total', dollars(totalUsd)]]);
  const fixed = `${dollars(fixedUsd)} of it is paid also when nothing runs.`;
  const left = budgetUsd === undefined ? [] : [`budget of ${recipe}: ${dollars(budgetUsd)} a month, ${totalUsd > budgetUsd ? `over by ${dollars(totalUsd - budgetUsd)}` : `${dollars(budgetUsd - totalUsd)} left`}`];
  return [`${recipe}, prices of ${pricesAsOf}`, '', ...parts, '', ...services, fixed, ...left];
}

export function estimateJson(estimate: CostEstimate): object {
  const { recipe, pricesAsOf, lines, totalUsd, fixedUsd, budgetUsd } = estimate;
  return { recipe, prices_as_of: pricesAsOf, currency: 'USD', lines, services: Object.fromEntries(byService(estimate)), total_usd: totalUsd, fixed_usd: fixedUsd, budget_usd: budgetUsd ?? null };
}

/** What a reader should know who compares the figures with a bill. */
export function noteLines({ recipe }: CostEstimate, prices: PriceList, scheduleCount: number, now: number): readonly string[] {
  const days = Math.floor((now - Date.parse(prices.as_of)) / 86_400_000);
  const assumed = [...Object.values(prices.prices), ...Object.values(prices.redis_plans).flat()].filter(({ basis }) => basis === 'assumption').length;
  return [
    ...(scheduleCount === 0 ? [`No schedule is declared or given: nothing of ${recipe} is counted as running. See --schedule.`] : []),
    ...(days > OLD_DAYS ? [`The prices are ${days} days old: compare them with their pages, and add a newer file to config/prices.`] : []),
    `${assumed} prices in the file are assumptions; their notes say so.`,
  ];
}

function byService({ lines }: CostEstimate): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { service, usd } of lines) sums.set(service, (sums.get(service) ?? 0) + usd);
  return sums;
}
