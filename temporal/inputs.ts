import { boolean, isRecord, list, number, refuse, show, text, within, type Shape, type Spot } from '../domain/validation/shape.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { instantProblem, writtenInstantProblem, type InstantProblem } from '../domain/instant.ts';

/** ISO 8601 text of the years 1700 to 2254. Here text without a zone is UTC: runs that began with such an input must be able to go on. */
const instant: Shape<string> = (value, spot) => checkedInstant(value, spot, instantProblem);

function checkedInstant(value: unknown, spot: Spot, problemOf: (text: string) => InstantProblem | undefined): string {
  if (typeof value !== 'string') return refuse(spot, `is ${show(value)}, not an instant such as "2026-11-23T10:00:00Z"`);
  const problem = problemOf(value);
  return problem === undefined ? value : refuse(spot, `is ${show(value)}, which ${problem.message}`, problem.cure);
}

const INSTANTS: readonly string[] = ['as_of', 'start', 'end', 'known_by'];

/** An input as a client takes it from a person, before anything is started: each instant names its zone as well. */
export function written<T>(shape: Shape<T>): Shape<T> {
  return (value, spot) => {
    const known = spot.issues.length;
    const input = shape(value, spot);
    if (spot.issues.length > known || !isRecord(input)) return input;
    for (const name of INSTANTS) if (input[name] !== undefined) checkedInstant(input[name], within(spot, name), writtenInstantProblem);
    return input;
  };
}

const names = list(text(), { min: 1, unique: true });

const trainModelFields = {
  /** Name of a recipe: `models/classification/random_forest_classifier`. */
  recipe: required(text()),
  /** Nothing later than this is read. Default: when the workflow plans. */
  as_of: optional(instant),
  /** Whether the registered version may get the recipe's alias. Default true. */
  promote: defaulted(boolean(), true),
};

/** Input of `trainModel`. */
export type TrainModelInput = ObjectOf<typeof trainModelFields>;
export const trainModelInput: Shape<TrainModelInput> = object(trainModelFields);

const views = optional(names);

const materializeFields = {
  /** Feature views; default: every view that is online. */
  views,
  /** Start of the window of event timestamps, included. Default: the end minus the view's ttl; everything for a view without ttl. */
  start: optional(instant),
  /** End of the window, included. Default: when the workflow plans. */
  end: optional(instant),
  /** Only what came to be seen since the last materialization of each view; one that was never materialized is taken whole. Not together with `start`. */
  incremental: optional(boolean()),
  /** How far before the last materialization an incremental one reads again, for rows that were created before it and committed after it. Default 600. */
  overlap_seconds: optional(number({ min: 0 })),
  /** Rows created later are left out. Default: `end`. */
  known_by: optional(instant),
  /** The window is a part of a larger work: its caller records the interval and renews the expiry. */
  part: optional(boolean()),
};

/** Input of `materializeFeatures`. */
export type MaterializeFeaturesInput = ObjectOf<typeof materializeFields>;
export const materializeFeaturesInput: Shape<MaterializeFeaturesInput> = (value, spot) => {
  const input = object(materializeFields)(value, spot);
  if (input?.incremental !== true) return input?.overlap_seconds === undefined ? input : refuse(within(spot, 'overlap_seconds'), 'is only for an incremental materialization');
  return input.start === undefined ? input : refuse(within(spot, 'start'), 'cannot be given for an incremental materialization, which starts where the last one ended', 'Leave out start, or incremental.');
};

const backfillFields = {
  views,
  /** Start of the whole window of event timestamps, included. */
  start: required(instant),
  /** End of the whole window, included; rows created later are left out. Default: when the workflow starts. */
  end: optional(instant),
  /** Hours of each child's window. */
  window_hours: defaulted(number({ above: 0 }), 24),
  /** Children at work at once. */
  parallel: defaulted(number({ integer: true, min: 1, max: 16 }), 2),
};

/** Input of `backfillFeatures`. */
export type BackfillFeaturesInput = ObjectOf<typeof backfillFields>;
export const backfillFeaturesInput: Shape<BackfillFeaturesInput> = object(backfillFields);
