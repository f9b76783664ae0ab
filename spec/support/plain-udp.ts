import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterTest } from './cleanup.ts';

/** A plain datagram socket on the loopback interface, and the datagrams that it gets. */
export async function plainUdp(
  react: (socket: Socket, bytes: Buffer, port: number) => void = () => undefined,
) {
  const socket = createSocket('udp4');
  const texts: string[] = [];
  socket.on('message', (bytes, { port }) => {
    texts.push(bytes.toString('latin1'));
    react(socket, bytes, port);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  afterTest(() => socket.close());
  return { socket, texts, port: socket.address().port };
}

/** Sends back what comes. */
export function echoUdp(socket: Socket, bytes: Buffer, port: number): void {
  socket.send(bytes, port, '127.0.0.1');
}
