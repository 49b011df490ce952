import type { Price } from './price-list.ts';

/** One part of the bill. */
export interface CostLine {
  readonly service: string;
  readonly item: string;
  /** How the dollars come about, for people. */
  readonly working: string;
  /** US dollars a month, not rounded. */
  readonly usd: number;
  /** Whether it costs the same when nothing runs. */
  readonly fixed: boolean;
}

/** The amount, in the price's unit, at the price: what is free first. */
export function priced(service: string, item: string, amount: number, price: Price, options: { readonly fixed?: boolean; readonly of?: string } = {}): CostLine {
  const billed = Math.max(0, amount - price.free);
  const of = options.of === undefined ? '' : ` (${options.of})`;
  const unit = `${plain(amount)} ${price.per}${of}`;
  const working = amount === 0 ? 'none' : billed === 0 ? `${unit}, of ${plain(price.free)} free` : price.free === 0 ? `${unit} x $${plain(price.usd)}` : `${unit} - ${plain(price.free)} free = ${plain(billed)} x $${plain(price.usd)}`;
  return { service, item, working, usd: billed * price.usd, fixed: options.fixed ?? false };
}

/** At most four significant digits below the point, thousands apart. */
export function plain(value: number): string {
  return value.toLocaleString('en-US', value >= 1 ? { maximumFractionDigits: 3 } : { maximumSignificantDigits: 5 });
}
