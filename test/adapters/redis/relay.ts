import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A relay between a client and a server, with which a test sees and breaks the connection. */
export interface Relay {
  readonly port: number;
  /** How often the client spoke after the server had: round trips. */
  turns(): number;
  /** Cuts the connection after so many more bytes from the client, once; the next connection works again. */
  cutAfter(bytes: number): void;
  /** Forwards nothing any more, on old connections and new ones: as a server that hangs. */
  stall(): void;
  /** Forwards again, and what was held back. */
  resume(): void;
  close(): Promise<void>;
}

/** Listens on a free port, or on the one given. */
export async function openRelay(target: { readonly host: string; readonly port: number }, port = 0): Promise<Relay> {
  const sockets = new Set<Socket>();
  let bytesLeft = Infinity;
  let turns = 0;
  let serverSpokeLast = true;
  let isStalled = false;
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      if (isStalled) socket.pause();
      // Either end may be reset when the other is cut: the test looks at what the client makes of it.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => [client, upstream].forEach((end) => end.destroy()));
    }
    client.on('data', (data) => {
      if (serverSpokeLast) turns++;
      serverSpokeLast = false;
      bytesLeft -= data.length;
      if (bytesLeft > 0) return void upstream.write(data);
      bytesLeft = Infinity;
      client.destroy();
    });
    upstream.on('data', (data) => {
      serverSpokeLast = true;
      client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    turns: () => turns,
    cutAfter: (bytes) => void (bytesLeft = bytes),
    stall: () => {
      isStalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume: () => {
      isStalled = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
