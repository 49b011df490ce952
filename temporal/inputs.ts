import { boolean, list, number, refuse, show, text, within, type Shape } from '../domain/validation/shape.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { parseInstant } from '../domain/instant.ts';

/** ISO 8601 text; without a zone it is UTC. */
const instant: Shape<string> = (value, spot) => (typeof value === 'string' && parseInstant(value) !== undefined ? value : refuse(spot, `is ${show(value)}, not an instant such as "2026-11-23T10:00:00Z"`));

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
