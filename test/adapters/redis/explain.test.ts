import assert from 'node:assert/strict';
import { explain } from '../../../adapters/redis/explain.ts';

describe('what is said of a Redis that is not reached', () => {
  const said = (reason: string): string => {
    const { code, message } = explain(new Error('Connection is closed.'), 'read', 'Redis at redis.example:6380', reason);
    return `${code} ${message}`;
  };

  it('names the setting of the authority where its certificate is signed by none that is known', () => {
    for (const reason of ['self-signed certificate', 'self-signed certificate in certificate chain', 'unable to verify the first certificate', 'unable to get local issuer certificate']) assert.match(said(reason), /^INVALID_CONFIG .*tls\.ca_file in online_store/);
  });

  it('names the setting of TLS where only one side speaks it', () => {
    assert.match(said('error:0A00010B:SSL routines:ssl3_get_record:wrong version number'), /^INVALID_CONFIG .*does not speak TLS.*leave out `tls` in online_store/);
    assert.match(said('read ECONNRESET'), /^UNAVAILABLE .*A server that speaks TLS .*online_store\.tls/);
    assert.doesNotMatch(said('connect ECONNREFUSED 127.0.0.1:1'), /TLS/);
  });
});
