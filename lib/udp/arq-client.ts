import type { BytesLike } from '../bytes/bytes-like.ts';
import { oneConnection } from '../component/dialer.ts';
import { type WithArq, arqChecks, arqParts } from './arq-settings.ts';
import { DatagramClient, type DatagramClientOptions, clientChecks } from './datagram-client.ts';
import { udpTable } from './udp-options.ts';

/** Options of an {@link ArqClient}. */
export interface ArqClientOptions<In = Uint8Array, Out = BytesLike>
  extends DatagramClientOptions<In, Out>, WithArq {}

const checkOptions = udpTable<ArqClientOptions & { maxConnections: number }>({
  ...clientChecks,
  ...arqChecks,
});

/**
 * Client of reliable UDP (KCP): one peer at a time, as with an `ArqServer`. Twin of `CUdpArqClient`. `start()` resolves
 * when the handshake is done, and rejects with `ERR_TIMEOUT` when nobody answers.
 *
 * @example
 * const client = new ArqClient({ to: 'localhost:5555' });
 * client.receive$.subscribe(({ data }) => console.log(toText(data)));
 * await client.start();
 * client.send('hello');
 */
export class ArqClient<In = Uint8Array, Out = BytesLike> extends DatagramClient<In, Out> {
  /** @throws OptionError (`ERR_OPTION`) for an illegal value or an unknown name. */
  constructor(options: ArqClientOptions<In, Out> = {}) {
    const checked = checkOptions({ ...oneConnection(options), maxConnections: 1 });
    const { settings, limit, handshaker } = arqParts(checked);
    super(settings, limit, handshaker);
  }
}
