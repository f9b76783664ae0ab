import type { BytesLike } from '../bytes/bytes-like.ts';
import { DatagramAgent, type DatagramAgentOptions, agentChecks } from './datagram-agent.ts';
import { datagramLimit, udpTable } from './udp-options.ts';

/** Options of a {@link UdpAgent}. */
export type UdpAgentOptions<In = Uint8Array, Out = BytesLike> = DatagramAgentOptions<In, Out>;

const checkOptions = udpTable<UdpAgentOptions>(agentChecks);

/**
 * UDP agent: many peers that this side dials, all from one socket (two, if there are peers of IPv4 and of IPv6), so that
 * they see one address and port. The original has none.
 *
 * To dial is to begin to send: the connection is there at once, and says hello to its peer by a heartbeat. Whether
 * anybody hears it is found out by what comes back, or by the lack of it (option `detect`). What comes from somebody
 * who was not dialled is dropped (`dropped$`, reason `unknown-peer`). Two connections with the same peer at the same
 * time are refused (`ERR_STATE`).
 *
 * @example
 * const agent = new UdpAgent();
 * agent.receive$.subscribe(({ connection, data }) => console.log(connection.remote, toText(data)));
 * await agent.start();
 * for (const port of [5555, 5556]) (await agent.connect(port)).send('hello');
 */
export class UdpAgent<In = Uint8Array, Out = BytesLike> extends DatagramAgent<In, Out> {
  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: UdpAgentOptions<In, Out> = {}) {
    const settings = checkOptions(options);
    super(settings, datagramLimit(settings));
  }
}
