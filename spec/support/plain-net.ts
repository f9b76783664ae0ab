import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterTest } from './cleanup.ts';

/** A plain `node:net` server on a port of this machine, closed with the test. Resolves to the port. */
export async function plainServer(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterTest(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Echoes until the peer ends. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}

/** A plain, connected `node:net` socket that may be half open, destroyed with the test. */
export async function plainClient(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined);
  afterTest(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** What a socket receives until it has so many bytes. */
export async function read(socket: Socket, length: number): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    if (text.length >= length) break;
  }
  return text;
}

/** What a socket receives until the peer ends. */
export async function readAll(socket: Socket): Promise<string> {
  return read(socket, Infinity);
}
