import type { BytesLike } from '../bytes/bytes-like.ts';
import { type WithArq, arqChecks, arqParts } from './arq-settings.ts';
import { DatagramServer, type DatagramServerOptions, serverChecks } from './datagram-server.ts';
import { udpTable } from './udp-options.ts';

/** Options of an {@link ArqServer}. */
export interface ArqServerOptions<In = Uint8Array, Out = BytesLike>
  extends DatagramServerOptions<In, Out>, WithArq {}

const checkOptions = udpTable<ArqServerOptions>({ ...serverChecks, ...arqChecks });

/**
 * Server of reliable UDP (KCP): messages of up to 4096 bytes (option `arq.maxMessageSize`) arrive once, whole and in
 * order, as long as datagrams get through at all. Twin of `CUdpArqServer`, and of one mind with it on the wire.
 *
 * As a `UdpServer`, but `handshake$` comes only when both sides know each other (option `arq.handshakeTimeout`), and
 * nothing can be sent before (`ERR_NOT_OPEN`). One send is one value of `receive$` at the peer. What was sent is
 * `pending` until the peer has acknowledged it, so `flush()` tells that it has arrived, and `sendTo` pushes back as far
 * as the peer. A connection that is not read makes its peer wait; nothing is shed. Data of `sent$` are messages.
 *
 * @example
 * const server = new ArqServer({ port: 5555, arq: { noDelay: true, flushInterval: 10 } });
 * server.receive$.subscribe(({ connection, data }) => connection.send(data));
 * await server.start();
 */
export class ArqServer<In = Uint8Array, Out = BytesLike> extends DatagramServer<In, Out> {
  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: ArqServerOptions<In, Out> = {}) {
    const { settings, limit, handshaker } = arqParts(checkOptions(options));
    super(settings, limit, handshaker);
  }
}
