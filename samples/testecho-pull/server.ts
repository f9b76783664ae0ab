// Sends back every packet that it receives. The PULL model as the original has it: what arrives is added to a buffer, and
// the connection's state says what to fetch from it.
import { TcpServer, type TcpServerOptions, handleEach, pullBuffer, sendTo } from 'hpsocket-rx';
import { concatMap, tap } from 'rxjs';
import { type Given, common } from '../support/arguments.ts';
import { lifeOf } from '../support/events.ts';
import { ofPackets, packetPrinter } from '../support/packet-events.ts';
import { serve } from '../support/serve.ts';
import { expectPackets, fetchPackets } from './fetch-packets.ts';
import { encodeHeader, limit } from './protocol.ts';

export const options = { ...common, ...limit };

export async function run(
  { host, port, json, max }: Given<typeof options>,
  tls?: TcpServerOptions['tls'],
): Promise<void> {
  const server = new TcpServer({ host, port, tls, codec: pullBuffer() });

  const print = packetPrinter(json);
  lifeOf(server).subscribe(print);

  server.accept$
    .pipe(
      tap(expectPackets),
      handleEach((connection) =>
        connection.receive$.pipe(
          concatMap((buffer) => fetchPackets(connection, buffer, max)),
          tap((packet) => print(ofPackets.receive(connection.id, packet))),
          concatMap(({ sequence, data }) => [encodeHeader({ sequence, length: data.length }), data]),
          sendTo(connection),
        ),
      ),
    )
    .subscribe();

  await serve(server, { host, port });
}
