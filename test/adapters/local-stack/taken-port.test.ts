import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from '../../../adapters/local-stack/port-holder.ts';
import { identifyProcess } from '../../../adapters/local-stack/process-record.ts';
import { refuseTakenPort, type WantedPort } from '../../../adapters/local-stack/taken-port.ts';
import type { PipelineError } from '../../../domain/errors.ts';

describe('a port that a command wants', () => {
  let projectFolder: string;
  let holder: Server;
  let wanted: WantedPort;
  const refusal = async (): Promise<string> => refuseTakenPort(wanted).then(() => 'not refused', (error: PipelineError) => `${error.code} ${error.message}`);

  beforeEach(async () => {
    projectFolder = await mkdtemp(join(tmpdir(), 'ml-pipeline-port-'));
    holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    wanted = { host: '127.0.0.1', port: (holder.address() as AddressInfo).port, setting: 'API_PORT', process: 'api', projectFolder };
  });

  afterEach(async () => {
    await new Promise((resolve) => holder.close(resolve));
    await rm(projectFolder, { recursive: true, force: true });
  });

  it('is refused with its holder', async () => {
    assert.match(await refusal(), new RegExp(`^CONFLICT Port ${wanted.port} on 127\\.0\\.0\\.1 is in use by process ${process.pid} \\(.*\\)\\. End that process, or choose another port: --port, or API_PORT in \\.env\\.$`));
  });

  it('is refused with the command that frees it, where the project\'s own background process holds it', async () => {
    await mkdir(join(projectFolder, 'data', 'processes'), { recursive: true });
    const record = join(projectFolder, 'data', 'processes', 'api.json');
    await writeFile(record, JSON.stringify({ ...identifyProcess(process.pid), port: wanted.port }));
    assert.equal(await refusal(), `CONFLICT The API already runs at http://127.0.0.1:${wanted.port}, in the background (process ${process.pid}). Stop it with \`ml-pipeline stack down api\`, or choose another port: --port, or API_PORT in .env.`);
    const [other] = await findFreePorts(1);
    await writeFile(record, JSON.stringify({ ...identifyProcess(process.pid), port: other }));
    assert.match(await refusal(), /is in use by process/);
  });

  it('is refused with the program whose connection begins there, and never with the process that was just started for it', async () => {
    const socket = connect({ host: '127.0.0.1', port: wanted.port });
    await once(socket, 'connect');
    const local = socket.localPort!;
    wanted = { ...wanted, port: local };
    await mkdir(join(projectFolder, 'data', 'processes'), { recursive: true });
    await writeFile(join(projectFolder, 'data', 'processes', 'api.json'), JSON.stringify({ ...identifyProcess(process.pid), port: local }));
    try {
      assert.match(await refusal(), new RegExp(`^CONFLICT Port ${local} on 127\\.0\\.0\\.1 is in use by a connection of process ${process.pid} \\(.*\\); nothing listens on it\\. End that process, or choose`));
    } finally {
      socket.destroy();
    }
  });

  it('is not refused when it is free, or when it is any', async () => {
    const [free = 0] = await findFreePorts(1);
    for (const port of [free, 0]) await refuseTakenPort({ ...wanted, port });
  });

  it('is refused with the reason where it cannot be had at all', async () => {
    wanted = { ...wanted, host: '203.0.113.1', port: 0 };
    assert.match(await refusal(), /^INVALID_CONFIG Port 0 on 203\.0\.113\.1 cannot be listened on \(.*EADDRNOTAVAIL.*\)\. Choose another/);
  });
});
