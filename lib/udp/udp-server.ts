import type { BytesLike } from '../bytes/bytes-like.ts';
import { DatagramServer, type DatagramServerOptions, serverChecks } from './datagram-server.ts';
import { datagramLimit, udpTable } from './udp-options.ts';

/** Options of a {@link UdpServer}. */
export type UdpServerOptions<In = Uint8Array, Out = BytesLike> = DatagramServerOptions<In, Out>;

const checkOptions = udpTable<UdpServerOptions>(serverChecks);

/**
 * UDP server: one socket, a connection for each peer. Twin of `CUdpServer` (guide chapter 2.1).
 *
 * The first datagram of an address makes the connection: `accept$`, `handshake$`, then any number of `receive$` and
 * `sent$`, then `close$`. One datagram is one value of `receive$`, and one send is one datagram; nothing is sent twice,
 * and nothing keeps datagrams from being lost, doubled or overtaken. A connection ends when the peer says so by the
 * close notice, when it gives no sign of life (option `detect`, close reason `timeout`), or by our side, which tells
 * the peer. `end()` and `disconnect()` are the same here.
 *
 * What the system refuses to send is a fault (`faults$`), and ends nothing. It is asked about the first datagram to a peer, each
 * sixteenth and those longer than 1432 bytes.
 *
 * A connection that is not read keeps a few datagrams (option `receiveQueue`); what comes beyond is shed and counted
 * in {@link DatagramServer.counts}, with an event on `dropped$`.
 *
 * @example
 * const server = new UdpServer({ port: 5555 });
 * server.receive$.subscribe(({ connection, data }) => connection.send(data));
 * server.dropped$.subscribe(({ reason, bytes }) => console.log(`dropped ${bytes} bytes: ${reason}`));
 * await server.start();
 */
export class UdpServer<In = Uint8Array, Out = BytesLike> extends DatagramServer<In, Out> {
  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: UdpServerOptions<In, Out> = {}) {
    const settings = checkOptions(options);
    super(settings, datagramLimit(settings));
  }
}
