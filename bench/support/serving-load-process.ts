import { connect, type Socket } from 'node:net';
import type { LoadOptions, LoadResult } from './serving-load.ts';

process.once('message', (options) => void generate(options as LoadOptions).then((result) => process.send!(result, () => process.disconnect())));

async function generate({ port, connections, seconds, bodies, perSecond }: LoadOptions): Promise<LoadResult> {
  const requests = bodies.map((body) => Buffer.from(`POST /get-online-features HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  let [sent, errors] = [0, 0];
  const lane = async (first: Socket): Promise<void> => {
    for (let socket = first; ; ) {
      const number = sent++;
      const due = perSecond === undefined ? performance.now() : start + (number * 1000) / perSecond;
      if (Math.max(due, performance.now()) >= end) return void socket.destroy();
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (await roundTrip(socket, requests[number % requests.length]!)) {
        latencies.push(performance.now() - due);
      } else {
        errors++;
        socket.destroy();
        socket = await open(port);
      }
    }
  };
  await Promise.all(sockets.map(lane));
  const elapsed = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return { perSecond: latencies.length / elapsed, errors, p50: at(0.5), p99: at(0.99) };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.on('error', reject); // of one that is open the close follows
  });
}

/** Sends a request and waits for the whole answer, whose length its head says: whether it came, and is 200. */
function roundTrip(socket: Socket, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    let left: number | undefined;
    let head = '';
    const finish = (good: boolean): void => {
      socket.off('data', onData).off('close', onClose);
      resolve(good);
    };
    const onClose = (): void => finish(false);
    const onData = (chunk: Buffer): void => {
      if (left === undefined) {
        head += chunk.toString('latin1');
        const body = head.indexOf('\r\n\r\n');
        if (body < 0) return;
        const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
        if (!head.startsWith('HTTP/1.1 200') || length === undefined) return finish(false);
        left = Number(length) - (head.length - body - 4);
      } else {
        left -= chunk.length;
      }
      if (left <= 0) finish(true);
    };
    if (socket.destroyed) return resolve(false);
    socket.on('data', onData).on('close', onClose);
    socket.write(request);
  });
}
