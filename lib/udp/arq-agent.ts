import type { BytesLike } from '../bytes/bytes-like.ts';
import { type WithArq, arqChecks, arqParts } from './arq-settings.ts';
import { DatagramAgent, type DatagramAgentOptions, agentChecks } from './datagram-agent.ts';
import { udpTable } from './udp-options.ts';

/** Options of an {@link ArqAgent}. */
export interface ArqAgentOptions<In = Uint8Array, Out = BytesLike>
  extends DatagramAgentOptions<In, Out>, WithArq {}

const checkOptions = udpTable<ArqAgentOptions>({ ...agentChecks, ...arqChecks });

/**
 * Agent of reliable UDP (KCP): many peers that this side dials from one socket, each as with an `ArqServer`.
 * `agent.connect()` resolves when the handshake is done, and rejects with `ERR_TIMEOUT` when nobody answers. The
 * original has none.
 *
 * @example
 * const agent = new ArqAgent();
 * await agent.start();
 * const connection = await agent.connect('localhost:5555');
 * connection.send('hello');
 * await connection.flush(); // the peer has it
 */
export class ArqAgent<In = Uint8Array, Out = BytesLike> extends DatagramAgent<In, Out> {
  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: ArqAgentOptions<In, Out> = {}) {
    const { settings, limit, handshaker } = arqParts(checkOptions(options));
    super(settings, limit, handshaker);
  }
}
