/** Stand-ins for Google Cloud's services on 127.0.0.1. */
export interface CloudServers {
  /** BigQuery's REST API: the setting `api_endpoint`. */
  readonly bigqueryUrl: string;
  /** host:port of BigQuery's Storage Read and Write APIs, gRPC without TLS: the setting `grpc_endpoint`. */
  readonly bigqueryGrpc: string;
  /** Cloud Storage's JSON API: the setting `api_endpoint`. */
  readonly gcsUrl: string;
  readonly project: string;
}

/** The servers that ML_PIPELINE_CLOUD_SERVERS describes (JSON). Every caller of one run gets the same. */
export function cloudServers(): Promise<CloudServers> {
  const given = process.env['ML_PIPELINE_CLOUD_SERVERS'];
  if (given === undefined || given === '') return Promise.reject(new Error('ML_PIPELINE_CLOUD_SERVERS does not name the servers that stand in for Google Cloud.'));
  return Promise.resolve(JSON.parse(given) as CloudServers);
}
