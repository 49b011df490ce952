import assert from 'node:assert/strict';
import { WireCommand, wireArguments } from '../../../adapters/redis/wire-command.ts';

describe('A command for the wire', () => {
  const key = Buffer.from([0, 255]);

  it('has the bytes of Redis\' protocol, whatever of its arguments was made before', () => {
    const alone = new WireCommand({ name: 'EVALSHA', key, args: ['é', '1', key, '', 'x'] });
    const prepared = new WireCommand({ name: 'EVALSHA', key, args: ['é', wireArguments(['1', key]), wireArguments(['', 'x'])] });
    const expected = '*6\r\n$7\r\nEVALSHA\r\n$2\r\né\r\n$1\r\n1\r\n$2\r\n\0?\r\n$0\r\n\r\n$1\r\nx\r\n';
    const bytes = Buffer.from(expected);
    bytes[bytes.indexOf('?')] = 255;
    assert.deepEqual(alone.toWritable(), bytes);
    assert.deepEqual(prepared.toWritable(), bytes);
  });

  it('is sent to the server of its key, which it need not hold as an argument of its own', () => {
    assert.deepEqual(new WireCommand({ name: 'EVALSHA', key, args: ['sha', '1', wireArguments([key])] }).getKeys(), [key]);
  });
});
