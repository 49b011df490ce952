import { schedules } from '../domain/schedules/definition.ts';
import { choice, list, number, refuse, show, text, type Shape } from '../domain/validation/shape.ts';
import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { logs, telemetry } from './telemetry-settings.ts';
import { temporal } from './temporal-settings.ts';
import { artifacts } from './artifact-settings.ts';
import { registry } from './registry-settings.ts';
import { tracking } from './tracking-settings.ts';
import { warehouse } from './warehouse-settings.ts';

const port = number({ integer: true, min: 1, max: 65_535 });
/** Seconds; null, or the word `none`, for keys without an end. */
const keyLifetime: Shape<number | null> = (value, spot) => {
  if (value === null || value === 'none') return null;
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : refuse(spot, `is ${show(value)}, not a whole number of seconds above 0`, 'Give the seconds that a key lives from its last renewal, or none where keys are to have no end.');
};

const fields = {
  /** Feast project: part of every key in the online store and every row of the registry. */
  project: required(text({ pattern: /^[A-Za-z0-9][A-Za-z0-9_]*$/, means: 'a name of letters, digits and _' })),
  warehouse: required(warehouse),
  registry: required(registry),
  /** docs/online-layout.md says what each setting means. */
  online_store: required(
    object({
      type: required(choice(['redis'])),
      layout: optional(choice(['feast', 'readable'])),
      topology: optional(choice(['single', 'cluster', 'cluster_endpoint'])),
      host: required(text()),
      port: required(port),
      /** Further servers of a cluster to ask where the first one is away. */
      other_nodes: optional(list(object({ host: required(text()), port: required(port) }))),
      database: optional(number({ integer: true, min: 0 })),
      user: optional(text()),
      password: optional(text()),
      tls: optional(object({ ca_file: optional(text()) })),
      replicas_to_wait: optional(number({ integer: true, min: 0 })),
      key_ttl_seconds: required(keyLifetime),
    }),
  ),
  artifacts: required(artifacts),
  tracking: required(tracking),
  temporal: required(temporal),
  /** `model`: what is served where the command names no other. `feature_server`: docs/feature-server.md. `stop_delay_seconds`: docs/deploy.md. */
  api: required(object({ host: required(text()), port: required(port), model: required(text()), feature_server: optional(choice(['all', 'read', 'off'])), stop_delay_seconds: optional(number({ min: 0, max: 4 })) })),
  logs: required(logs),
  telemetry: optional(telemetry),
  /** Name -> schedule; `ml-pipeline schedule apply` makes Temporal's schedules equal to it. docs/schedules.md */
  schedules: optional(schedules),
  training: defaulted(object({ threads: optional(number({ integer: true, min: 1 })) }), {}),
};

/** One environment's settings: `config/environments/<APP_ENV>.yaml` with its variables filled in. Relative folders are below the project folder. */
export type AppConfig = ObjectOf<typeof fields>;
export const appConfig = object(fields);
