import { InvalidArgumentError } from 'commander';

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is not a whole number.`);
  return Number(text);
}

/** Collects `--entity origin=JFK --entity carrier=AA`. */
export function nameValue(text: string, earlier: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError(`${JSON.stringify(text)} is not of the form name=value.`);
  return { ...earlier, [text.slice(0, split)]: text.slice(split + 1) };
}
