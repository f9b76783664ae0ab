import {
  type Datagram,
  type DatagramDropped,
  type DatagramFault,
  type DatagramSent,
  type NetworkError,
  type UdpCast,
  type UdpNode,
  formatAddress,
} from 'hpsocket-rx';
import { type Observable, filter, map, merge } from 'rxjs';
import { made, preview, printer } from './events.ts';

/** Events of what speaks to anybody. */
export const ofDatagrams = {
  receive: ({ data, remote }: Datagram) =>
    ({ event: 'receive', remote: formatAddress(remote), data }) as const,
  sent: ({ data, remote }: DatagramSent) => ({ event: 'sent', remote: formatAddress(remote), data }) as const,
  dropped: ({ reason, remote, bytes }: DatagramDropped) =>
    ({ event: 'dropped', reason, remote: remote && formatAddress(remote), bytes }) as const,
  fault: ({ error: { code, message } }: DatagramFault) => ({ event: 'fault', error: code, message }) as const,
  /** A datagram was not sent. */
  refused: ({ code, message }: NetworkError) => ({ event: 'refused', error: code, message }) as const,
};

type OfDatagram = ReturnType<(typeof ofDatagrams)[keyof typeof ofDatagrams]>;
type OfLife =
  ReturnType<typeof made.connect> | ReturnType<typeof made.close> | ReturnType<typeof made.shutdown>;

/** An event of a sample that speaks to anybody. */
export type DatagramEvent = OfDatagram | OfLife;

/** Everything that happens to a member of a group or to a node, in order. */
export function datagramEventsOf(endpoint: UdpCast | UdpNode): Observable<DatagramEvent> {
  return merge(
    endpoint.receive$.pipe(map(ofDatagrams.receive)),
    endpoint.sent$.pipe(map(ofDatagrams.sent)),
    endpoint.dropped$.pipe(map(ofDatagrams.dropped)),
    // A start that failed is told by the line with which the sample ends.
    endpoint.faults$.pipe(
      filter(({ error: { operation } }) => operation === 'send' || operation === 'receive'),
      map(ofDatagrams.fault),
    ),
    'close$' in endpoint ? membershipOf(endpoint) : endpoint.shutdown$.pipe(map(made.shutdown)),
  );
}

function membershipOf(member: UdpCast): Observable<OfLife> {
  return merge(
    member.connect$.pipe(map(() => made.connect({ id: member.id, remote: member.castAddress }))),
    member.close$.pipe(
      filter(({ reason }) => reason !== 'connect'),
      map(made.close),
    ),
  );
}

/** Prints an event as a readable line, or as a JSON object a line, bytes in base64. */
export function datagramPrinter(json: boolean): (event: DatagramEvent) => void {
  const print = printer(json);
  return (event) => {
    if (isOfLife(event)) print(event);
    else console.log(json ? toJson(event) : readable(event));
  };
}

function isOfLife(event: DatagramEvent): event is OfLife {
  return event.event === 'connect' || event.event === 'close' || event.event === 'shutdown';
}

function toJson(event: OfDatagram): string {
  if (!('data' in event)) return JSON.stringify(event);
  return JSON.stringify({ ...event, data: Buffer.from(event.data).toString('base64') });
}

function readable(event: OfDatagram): string {
  switch (event.event) {
    case 'receive':
      return `receive ${event.data.length} bytes ${preview(event.data)} from ${event.remote}`;
    case 'sent':
      return `sent ${event.data.length} bytes to ${event.remote}`;
    case 'dropped':
      return `dropped ${event.reason} ${event.bytes} bytes ${event.remote ?? ''}`.trim();
    case 'fault':
    case 'refused':
      return `${event.event} ${event.message}`;
  }
}
