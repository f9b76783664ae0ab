import type { BytesLike } from '../bytes/bytes-like.ts';
import { oneConnection } from '../component/dialer.ts';
import { DatagramClient, type DatagramClientOptions, clientChecks } from './datagram-client.ts';
import { datagramLimit, udpTable } from './udp-options.ts';

/** Options of a {@link UdpClient}. */
export type UdpClientOptions<In = Uint8Array, Out = BytesLike> = DatagramClientOptions<In, Out>;

const checkOptions = udpTable<UdpClientOptions & { maxConnections: number }>(clientChecks);

/**
 * UDP client: one object, one peer at a time. Twin of `CUdpClient` (guide chapter 2.3).
 *
 * Its socket is connected: the system passes on nothing of others, and when the peer's system says that nobody
 * listens there (ICMP), the connection ends with reason `reset`. To connect takes no time, since nothing is asked: a
 * heartbeat says hello to the peer, and `prepareConnect$`, `connect$` and `handshake$` come one after the other. From
 * then on it is as with a `UdpServer`, heartbeats (option `detect`) and close notice included.
 *
 * @example
 * const client = new UdpClient({ to: 'localhost:5555' });
 * client.receive$.subscribe(({ data }) => console.log(toText(data)));
 * await client.start();
 * client.send('hello');
 */
export class UdpClient<In = Uint8Array, Out = BytesLike> extends DatagramClient<In, Out> {
  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: UdpClientOptions<In, Out> = {}) {
    const settings = checkOptions({ ...oneConnection(options), maxConnections: 1 });
    super(settings, datagramLimit(settings));
  }
}
