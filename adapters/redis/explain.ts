import { PipelineError } from '../../domain/errors.ts';

/** Answers of the server by their beginning, and what to do about each. */
const ANSWERS = [
  [/^(WRONGPASS|NOAUTH|ERR invalid password|ERR AUTH)/, 'INVALID_CONFIG', 'refuses the user name or password. Set the right ones in .env (see .env.example).'],
  [/^NOPERM|can't run this command/, 'INVALID_CONFIG', 'does not allow its user this command: the user needs +@read +@write +@scripting +@connection +info +time on all keys (~*), in a cluster +cluster too.'],
  [/^WRONGTYPE/, 'INVALID_DATA', 'holds something else than a hash under the key of an entity: another program uses this database. Choose another database number.'],
  [/^(CROSSSLOT|MOVED|ASK)/, 'INVALID_CONFIG', 'spreads its keys over servers. Set `topology: cluster` in online_store (`cluster_endpoint` where one address stands for all servers).'],
  [/cluster support disabled/, 'INVALID_CONFIG', 'is one server and no cluster. Leave out `topology: cluster` in online_store.'],
  [/Script attempted to access|unknown command|Unknown Redis command/i, 'UNSUPPORTED', 'does not know a command that Redis 7 has.'],
  [/a stored timestamp/, 'INVALID_DATA', 'holds an event timestamp that cannot be read. Remove the key, or materialize into another project.'],
  [/^OOM/, 'UNAVAILABLE', 'is full. Raise maxmemory, or shorten the keys\' lifetime.'],
  [/self[- ]signed certificate|unable to (verify the first|get (local )?issuer) certificate|certificate signature failure/i, 'INVALID_CONFIG', 'shows a certificate that is self-signed, or that no known authority signed. Set tls.ca_file in online_store to the authority that signed it.'],
  [/certificate's altnames/, 'INVALID_CONFIG', 'shows a certificate for another name. Set online_store.host to the name that its certificate is for.'],
  [/certificate has expired|certificate is not yet valid/, 'INVALID_CONFIG', 'shows a certificate that is not valid at this time: have it renewed, or set the clock of this machine right.'],
  [/wrong version number|packet length too long/i, 'INVALID_CONFIG', 'does not speak TLS on that port. Set the port that does, or leave out `tls` in online_store.'],
  [/^(LOADING|BUSY|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|UNBLOCKED)/, 'UNAVAILABLE', 'is not ready for this call.'],
] as const;

/** What may be wrong with the setting of TLS where a connection was made, and ended by the server or left without an answer. */
const TLS_HINTS = [
  [/ECONNRESET|Connection is closed/, ' A server that speaks TLS on that port ends plain connections so: see online_store.tls.'],
  [/timed out/, ' A server that speaks no TLS on that port leaves TLS connections without an answer: see online_store.tls.'],
] as const;

/** The error that a caller sees for whatever a call threw. It carries no arguments of the call, so no data and no password. `lastFailure`: why there is no connection, or nothing. */
export function explain(error: unknown, action: string, server: string, lastFailure: string): PipelineError {
  if (error instanceof PipelineError) return error;
  if (!(error instanceof Error)) return new PipelineError('UNAVAILABLE', `${server} could not ${action}: ${String(error)}`);
  const wrongAnswer = ANSWERS.find(([pattern]) => pattern.test(error.message) || (pattern.test(lastFailure) && error.name !== 'ReplyError'));
  if (wrongAnswer !== undefined) return new PipelineError(wrongAnswer[1], `${server} could not ${action}: it ${wrongAnswer[2]} (${error.message.slice(0, 200)})`);
  if (/^Too many Cluster redirections/.test(error.message)) return new PipelineError('UNAVAILABLE', `${server} could not ${action}: its servers do not agree on who has the keys, as after one of them has gone.`);
  // The server's own words may quote a call's arguments: only their kind is repeated.
  if (error.name === 'ReplyError') return new PipelineError('UNSUPPORTED', `${server} could not ${action}: it answered ${error.message.split(' ', 1)[0]}. Is it Redis 7 or later?`);
  if (isProgrammingError(error)) throw error;
  const reason = lastFailure === '' ? error.message : lastFailure;
  return new PipelineError('UNAVAILABLE', `${server} could not ${action}: ${reason}. Is the server running, and is the address right?${TLS_HINTS.find(([pattern]) => pattern.test(reason))?.[1] ?? ''}`);
}

function isProgrammingError(error: Error): boolean {
  return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
}
