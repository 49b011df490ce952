import { defaulted, object, optional, required, type ObjectOf } from '../domain/validation/object.ts';
import { choice, isRecord, number, record, refuse, text, within, type Shape } from '../domain/validation/shape.ts';

const plainLogs = { folder: required(text()), format: optional(choice(['json'])) };
const cloudLogs = { folder: required(text()), format: required(choice(['cloud_logging'])), /** The project whose traces log lines belong to. */ project: required(text({ pattern: /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, means: 'the id of a Google Cloud project' })) };

export type LogSettings = ObjectOf<typeof plainLogs> | ObjectOf<typeof cloudLogs>;

/** `logs`: lines of our own form, or as Cloud Logging reads them. docs/telemetry.md */
export const logs: Shape<LogSettings> = (value, spot) => {
  const format = isRecord(value) ? value['format'] : undefined;
  if (format === 'cloud_logging') return object(cloudLogs)(value, spot);
  return format === undefined || format === 'json' ? object(plainLogs)(value, spot) : (choice(['json', 'cloud_logging'])(format, within(spot, 'format')) as never); // it was refused
};

/** The address may be printed, and secrets never are: so it holds none. */
const endpoint: Shape<string> = (value, spot) => {
  if (typeof value !== 'string' || !/^https?:\/\//.test(value) || !URL.canParse(value)) return refuse(spot, 'is not the address of an OTLP endpoint', 'Write its base, such as http://127.0.0.1:4318; /v1/traces and /v1/metrics are added.');
  const { username, password, search, hash, pathname } = new URL(value);
  if (username !== '' || password !== '') return refuse(spot, 'has a user or a password in it', 'Take them out, and set telemetry.headers.');
  if (search !== '' || hash !== '') return refuse(spot, 'has a ? or # part', 'Write the address without it.');
  return /\/v1\/(traces|metrics|logs)\/?$/.test(pathname) ? refuse(spot, 'ends with /v1/...', 'Write the base: /v1/traces and /v1/metrics are added.') : value;
};

const otlp = {
  /** `none`: nothing is sent, whatever else is set: so a variable can say whether there is a collector where a process runs. */
  type: required(choice(['otlp', 'none'])),
  endpoint: required(endpoint),
  /** Sent with every call, such as an authorization. */
  headers: defaulted(record(text()), {}),
  /** Of traces that begin here. */
  sample_ratio: defaulted(number({ min: 0, max: 1 }), 1),
  interval_seconds: defaulted(number({ min: 1, max: 3600 }), 60),
};

export type TelemetrySettings = ObjectOf<typeof otlp>;
/** `telemetry`: metrics and traces by OpenTelemetry; undefined where it is left out or of type `none`: none are sent. docs/telemetry.md */
export const telemetry: Shape<TelemetrySettings | undefined> = (value, spot) => {
  const settings = object(otlp)(value, spot);
  return settings?.type === 'none' ? undefined : settings;
};
