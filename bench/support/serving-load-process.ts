import { connect, type Socket } from 'node:net';
import type { LoadOptions, LoadResult } from './serving-load.ts';

process.once('message', (options) => void generate(options as LoadOptions).then((result) => process.send!(result, () => process.disconnect())));

async function generate({ port, connections, seconds, bodies, perSecond }: LoadOptions): Promise<LoadResult> {
  const requests = bodies.map((body) => Buffer.from(`POST /get-online-features HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let sent = 0;
  const lane = async (socket: Socket): Promise<void> => {
    for (;;) {
      const number = sent++;
      const due = perSecond === undefined ? performance.now() : start + (number * 1000) / perSecond;
      if (due >= end) return;
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const begun = perSecond === undefined ? performance.now() : Math.max(due, wait > 0 ? performance.now() : due);
      await roundTrip(socket, requests[number % requests.length]!);
      latencies.push(performance.now() - begun);
    }
  };
  await Promise.all(sockets.map(lane));
  const elapsed = (performance.now() - start) / 1000;
  for (const socket of sockets) socket.destroy();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { requests: latencies.length, perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99) };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends a request and waits for the whole answer, whose length its head says. */
function roundTrip(socket: Socket, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let left: number | undefined;
    let head = '';
    const finish = (error?: Error): void => {
      socket.off('data', onData).off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onClose = (): void => finish(new Error('the server closed the connection'));
    const onData = (chunk: Buffer): void => {
      if (left === undefined) {
        head += chunk.toString('latin1');
        const body = head.indexOf('\r\n\r\n');
        if (body < 0) return;
        const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
        if (!head.startsWith('HTTP/1.1 200') || length === undefined) return finish(new Error(head.slice(0, 400)));
        left = Number(length) - (head.length - body - 4);
      } else {
        left -= chunk.length;
      }
      if (left <= 0) finish();
    };
    socket.on('data', onData).on('close', onClose);
    socket.write(request);
  });
}
