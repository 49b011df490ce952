import { InvalidArgumentError } from 'commander';

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number.`);
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
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError(`${JSON.stringify(text)} is not of the form name=value.`);
  return { ...earlier, [text.slice(0, split)]: text.slice(split + 1) };
}
