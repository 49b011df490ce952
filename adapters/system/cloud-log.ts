import type { Log, LogFields } from '../../ports/log.ts';

export interface CloudLogOptions {
  /** The Google Cloud project whose traces lines belong to. */
  readonly project: string;
  /** As Error Reporting groups errors: `ml-pipeline-api`, and the revision. */
  readonly service: string;
  readonly version: string;
  /** Gets a line with its newline. */
  readonly write: (line: string) => void;
  /** What the running code belongs to. */
  readonly scope: () => { readonly requestId?: string; readonly place?: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean } } | undefined;
}

/**
 * One JSON object per event, as Cloud Logging reads it from standard output or error: https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
 * An error with a stack is one that Error Reporting groups: https://cloud.google.com/error-reporting/docs/formatting-error-messages
 * Fields `http_*` make its `httpRequest`; where the running code belongs to no trace, fields `trace_*` name one.
 */
export function createCloudLog({ project, service, version, write, scope }: CloudLogOptions): Log {
  const at = (severity: string) => (message: string, fields: LogFields = {}): void => {
    const { http, own, plain } = parted(fields);
    const { requestId, place = own } = scope() ?? {};
    const line = {
      ...plain,
      severity,
      message,
      time: new Date().toISOString(),
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(place === undefined ? {} : { 'logging.googleapis.com/trace': `projects/${project}/traces/${place.traceId}`, 'logging.googleapis.com/spanId': place.spanId, 'logging.googleapis.com/trace_sampled': place.sampled }),
      ...(http === undefined ? {} : { httpRequest: http }),
      ...reported(fields['error'], severity, { service, version }),
    };
    write(`${JSON.stringify(line)}\n`);
  };
  return { info: at('INFO'), warn: at('WARNING'), error: at('ERROR') };
}

interface Parted {
  readonly http?: object;
  readonly own?: { readonly traceId: string; readonly spanId: string; readonly sampled: boolean };
  readonly plain: LogFields;
}

function parted(fields: LogFields): Parted {
  const { http_method: requestMethod, http_path: requestUrl, http_status: status, http_seconds: seconds, http_protocol: protocol, trace_id: traceId, trace_span: spanId, trace_sampled: sampled, ...plain } = fields;
  const http = requestMethod === undefined ? {} : { http: { requestMethod, requestUrl, status, latency: `${Number(seconds).toFixed(6)}s`, protocol } };
  const own = typeof traceId === 'string' && typeof spanId === 'string' ? { own: { traceId, spanId, sampled: sampled === true } } : {};
  return { ...http, ...own, plain };
}

function reported(error: LogFields[string], severity: string, serviceContext: object): object {
  if (severity !== 'ERROR' || typeof error !== 'string' || !/\n\s+at /.test(error)) return {};
  return { '@type': 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent', stack_trace: error, serviceContext };
}
