import { InvalidArgumentError } from 'commander';
import { parseInstant, writtenInstantProblem, type Micros } from '../domain/instant.ts';

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number.`);
  return Number(text);
}

/** US dollars, with cents at most. */
export function dollars(text: string): number {
  if (!/^\d+(\.\d{1,2})?$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not an amount such as 100 or 99.50.`);
  return Number(text);
}

/** `12h` or `7d` in milliseconds; an hour at least, so that nothing which is just being made is meant. */
export function duration(text: string): number {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (unit === 'd' ? 24 : 1);
  if (!(hours >= 1)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not an age such as 7d or 12h, an hour at least.`);
  return hours * 3_600_000;
}

/** Collects `--entity origin=JFK --entity carrier=AA`. */
export function nameValue(text: string, earlier: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const [[name, value]] = pair(text) as readonly [readonly [string, string]];
  return { ...earlier, [name]: value };
}

/** An instant such as 2026-11-23T10:00:00Z, with its zone, of the years 1700 to 2254. */
export function instant(text: string): Micros {
  const problem = writtenInstantProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`${JSON.stringify(text)} ${problem.message}. ${problem.cure}`);
  return parseInstant(text)!;
}

/** Collects `--entity origin=JFK --entity origin=LGA`: every one counts. */
export function pair(text: string, earlier: readonly (readonly [string, string])[] = []): readonly (readonly [string, string])[] {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError(`${JSON.stringify(text)} is not of the form name=value.`);
  return [...earlier, [text.slice(0, split), text.slice(split + 1)]];
}

/** Collects an option that may be given several times. */
export function repeatable(text: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, text];
}

/** `30s`, `10m` or `1h` in milliseconds. */
export function waitingTime(text: string): number {
  const [, count, unit] = /^(\d{1,4})([smh])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a time such as 30s, 10m or 1h.`);
  return Number(count) * (unit === 's' ? 1_000 : unit === 'm' ? 60_000 : 3_600_000);
}
