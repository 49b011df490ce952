import { PipelineError } from '../../domain/errors.ts';

const DAY = 86_400_000;

/** What the clocks of an IANA zone show at an instant; both in milliseconds, clocks as if they were Greenwich's. INVALID_DATA for a zone that is not known. */
export function clockAt(instant: number, zone: string): number {
  return instant + offsetAt(instant, zone);
}

/** The instant at which a zone's clocks show this, as PostgreSQL's AT TIME ZONE has it: a time that they skip is the one an hour later on the clock, of a time that they show twice the second is meant. */
export function instantOf(clock: number, zone: string): number {
  const [before, after] = [offsetAt(clock - DAY, zone), offsetAt(clock + DAY, zone)];
  const shown = [...new Set([before, after])].filter((offset) => offsetAt(clock - offset, zone) === offset);
  return clock - (shown.length === 1 ? shown[0]! : Math.min(before, after));
}

/** Milliseconds by which the zone's clocks are ahead of Greenwich's. They change once a day at most: a day that begins and ends with one offset has it throughout. */
function offsetAt(instant: number, zone: string): number {
  const midnight = Math.floor(instant / DAY) * DAY;
  const first = offsetOfMidnight(midnight, zone);
  return first === offsetOfMidnight(midnight + DAY, zone) ? first : measuredOffset(instant, zone);
}

const offsets = new Map<string, number>();

function offsetOfMidnight(midnight: number, zone: string): number {
  const key = `${zone} ${midnight}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const offset = measuredOffset(midnight, zone);
  offsets.set(key, offset);
  return offset;
}

function measuredOffset(instant: number, zone: string): number {
  const parts = new Map(formatOf(zone).formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - Math.floor(instant / 1000) * 1000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  try {
    const digits = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
    const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...digits });
    formats.set(zone, format);
    return format;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new PipelineError('INVALID_DATA', `airports.csv names the time zone ${JSON.stringify(zone)}, which is not known. Write an IANA name such as America/New_York.`, { cause: error });
  }
}
