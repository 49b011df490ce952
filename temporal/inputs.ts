import { boolean, list, refuse, show, text, type Shape } from '../domain/validation/shape.ts';
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

const materializeFields = {
  /** Feature views; default: every view that is online. */
  views: optional(names),
  /** Start of the window of event timestamps, included. Default: the end minus the view's ttl; everything for a view without ttl. */
  start: optional(instant),
  /** End of the window, included. Default: when the workflow plans. */
  end: optional(instant),
};

/** Input of `materializeFeatures`. */
export type MaterializeFeaturesInput = ObjectOf<typeof materializeFields>;
export const materializeFeaturesInput: Shape<MaterializeFeaturesInput> = object(materializeFields);
