import { toText } from '../../lib/bytes/bytes-like.ts';
import { formatAddress } from '../../lib/transport/address.ts';
import { UdpCast } from '../../lib/udp/udp-cast.ts';
import { UdpNode } from '../../lib/udp/udp-node.ts';

/** Writes down every event of an endpoint as it comes, but for its states. */
export function logOf(endpoint: UdpNode | UdpCast): string[] {
  const log: string[] = [];
  const note = (...words: (string | number | undefined)[]) => void log.push(words.join(' ').trim());
  if (endpoint instanceof UdpNode) {
    endpoint.prepareListen$.subscribe(({ endpoint: at }) => note('prepare', formatAddress(at)));
    endpoint.shutdown$.subscribe(({ dropped }) => note('shutdown', dropped));
  } else {
    endpoint.prepareConnect$.subscribe(({ id, castAddress }) =>
      note('prepare', id, formatAddress(castAddress)),
    );
    endpoint.connect$.subscribe((address) => note('connect', formatAddress(address)));
    endpoint.close$.subscribe(({ id, reason, operation, error }) =>
      note('close', id, reason, operation, error?.code),
    );
  }
  endpoint.receive$.subscribe(({ data, remote }) => note('receive', formatAddress(remote), toText(data)));
  endpoint.sent$.subscribe(({ data, remote }) => note('sent', formatAddress(remote), toText(data)));
  endpoint.faults$.subscribe(({ error, remote }) =>
    note('fault', error.code, remote && formatAddress(remote)),
  );
  endpoint.dropped$.subscribe(({ reason, bytes, remote }) =>
    note('dropped', reason, bytes, remote && formatAddress(remote)),
  );
  return log;
}
