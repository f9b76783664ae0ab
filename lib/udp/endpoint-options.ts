import { type SchedulerLike, asyncScheduler } from 'rxjs';
import {
  type Checks,
  type Resolved,
  callback,
  flag,
  having,
  integer,
  nested,
  oneOf,
  table,
  text,
} from '../base/options.ts';
import { port } from '../component/options.ts';
import { type FlowMarks, type ResolvedFlowMarks, flowMarks } from '../flow/flow-marks.ts';
import { highPendingOf, outboxLimitChecks } from '../send/outbox-limits.ts';
import type { DatagramTransport } from '../transport/datagram.ts';
import { udp } from '../transport/udp.ts';
import type { Lookup } from '../transport/wire.ts';

/** What is kept of datagrams that come while nobody may be given any. */
export interface ReceiveQueueOptions {
  /**
   * Bytes that are kept while `flow` asks for a pause; each datagram counts 128 bytes more than it carries. 0 to 2^30.
   * @default 262144 (256 KiB)
   */
  readonly size?: number;
  /**
   * Which datagrams go when there is no room: those that come, as the system's own buffer has it, or those that have
   * waited longest, where only the latest news counts.
   * @default 'newest'
   */
  readonly shed?: 'newest' | 'oldest';
}

/** Options of a {@link UdpNode} and a {@link UdpCast}. */
export interface DatagramEndpointOptions {
  /**
   * Port to bind, and port of the cast address. 0 to 65535; 0 lets the system pick one.
   * @default 0
   */
  readonly port?: number;
  /**
   * Longest datagram in bytes; twin of `MaxDatagramSize`. A longer one that comes is dropped and reported, one to be
   * sent is refused. 1 to 65536, though IPv4 carries no more than 65507. More than 1472 bytes (in a local network) or
   * some 1200 (through the Internet) travel in pieces, and are lost when one piece is.
   * @default 1432
   */
  readonly maxDatagramSize?: number;
  /**
   * How many routers may pass a multicast datagram on; twin of `MultiCastTtl`. 0 keeps it on this machine, 1 in this
   * network. 0 to 255.
   * @default 1
   */
  readonly ttl?: number;
  /**
   * Whether members on this machine, this one included, get the multicast datagrams that are sent here; twin of
   * `MultiCastLoop`. Of broadcast datagrams they do, whatever this says.
   * @default false
   */
  readonly loop?: boolean;
  /**
   * The network interface for multicast: one of its IP addresses, or its name. A machine with several networks has to
   * say which.
   * @default the system's choice
   */
  readonly interface?: string | undefined;
  /**
   * Bytes that the system keeps of what has come and was not read yet; 0 leaves its own default. The system may cut
   * it. 0 to 2^30.
   * @default 0
   */
  readonly receiveBuffer?: number;
  /**
   * Bytes that the system keeps of what is to be sent; 0 leaves its own default. The system may cut it. 0 to 2^30.
   * @default 0
   */
  readonly sendBuffer?: number;
  /** When receiving pauses because of what is still being worked on. What comes meanwhile waits in `receiveQueue`. */
  readonly flow?: FlowMarks;
  /** @default see {@link ReceiveQueueOptions} */
  readonly receiveQueue?: ReceiveQueueOptions;
  /**
   * Pending bytes above which a send answers `congested`. 1 to `maxPending`.
   * @default 1048576 (1 MiB), or `maxPending` if that is less
   */
  readonly highPending?: number;
  /**
   * Pending bytes that are never exceeded; each datagram that waits counts 128 bytes more than it carries. 1 to 2^40.
   * @default 16777216 (16 MiB)
   */
  readonly maxPending?: number;
  /**
   * What happens to a datagram beyond `maxPending`. `error`: it is refused and reported as a fault. `drop-new`: it is
   * refused and counted. `drop-old`: those that have waited longest make room and are counted.
   * @default 'error'
   */
  readonly overflow?: 'error' | 'drop-new' | 'drop-old';
  /**
   * What carries the datagrams; a `MemoryNetwork` for tests without sockets.
   * @default udp
   */
  readonly transport?: DatagramTransport;
  /**
   * How host names become addresses.
   * @default the system's resolver
   */
  readonly lookup?: Lookup | undefined;
  /**
   * Clock and timers; a `TestScheduler` makes them virtual.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike;
}

const checkQueue = table<ReceiveQueueOptions>({
  size: integer({ min: 0, max: 2 ** 30, fallback: 256 * 1024 }),
  shed: oneOf<'newest' | 'oldest'>(['newest', 'oldest'], 'newest'),
});

const buffer = integer({ min: 0, max: 2 ** 30, fallback: 0 });

const endpointChecks: Checks<DatagramEndpointOptions> = {
  port,
  maxDatagramSize: integer({ min: 1, max: 65_536, fallback: 1432 }),
  ttl: integer({ min: 0, max: 255, fallback: 1 }),
  loop: flag(false),
  interface: text(),
  receiveBuffer: buffer,
  sendBuffer: buffer,
  flow: Object.assign((value: unknown, name: string) => flowMarks(value as FlowMarks, `${name}.`), {
    fallback: flowMarks(),
  }),
  receiveQueue: nested(checkQueue),
  highPending: outboxLimitChecks.highPending,
  maxPending: outboxLimitChecks.maxPending,
  overflow: oneOf<'error' | 'drop-new' | 'drop-old'>(['error', 'drop-new', 'drop-old'], 'error'),
  transport: having<DatagramTransport>('bind', 'a transport for datagrams', udp),
  lookup: callback<Lookup>(),
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
};

/** {@link DatagramEndpointOptions} after the check. */
export interface EndpointSettings extends Resolved<DatagramEndpointOptions> {
  readonly flow: ResolvedFlowMarks;
  readonly receiveQueue: Resolved<ReceiveQueueOptions>;
}

/** A {@link table} for the options of a kind of endpoint; what is nested has been resolved too. */
export function endpointTable<Options extends object>(
  checks: Checks<Omit<Options, keyof DatagramEndpointOptions>>,
) {
  const resolve = table<Options>({ ...endpointChecks, ...checks } as unknown as Checks<Options>);
  return (options: Options) => {
    const settings = resolve(options) as unknown as EndpointSettings &
      Resolved<Omit<Options, keyof DatagramEndpointOptions>>;
    return { ...settings, highPending: highPendingOf(settings, options) };
  };
}

/** What a datagram costs besides its bytes, wherever it waits: floods of tiny ones stay within bounds, too. */
export const DATAGRAM_OVERHEAD = 128;
