import {
  type Check,
  type Checks,
  type Resolved,
  check,
  flag,
  having,
  integer,
  milliseconds,
  nested,
  oneOf,
  table,
} from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { type ComponentOptions, type ComponentSettings, componentTable } from '../component/options.ts';
import type { MessageLimit } from '../connection/datagram-connection.ts';
import { policyOption } from '../connection/settings.ts';
import { sendPolicy } from '../send/send-policy.ts';
import type { DatagramTransport } from '../transport/datagram.ts';
import { udp } from '../transport/udp.ts';

/** How a session finds out that its peer has gone; guide chapter 5, `DetectInterval` and `DetectAttempts`. */
export interface Detect {
  /**
   * Milliseconds between two looks at the peer. 0 (never) or 1000 to 2147483647.
   * @default 60000
   */
  readonly interval?: number;
  /**
   * How many looks in a row may find that nothing has come; with the next one the session ends. So a peer that falls
   * silent is dropped after `attempts` to `attempts + 1` intervals. 0 (never) to 1000.
   * @default 3
   */
  readonly attempts?: number;
}

/** What is kept of datagrams that come while a session is not read. */
export interface ReceiveQueue {
  /**
   * Bytes for each session; a datagram counts for 128 more than it is long. 0 to 2^30.
   * @default 65536
   */
  readonly session?: number;
  /**
   * Bytes for all sessions of a socket together. 0 to 2^40.
   * @default 4194304 (4 MiB)
   */
  readonly socket?: number;
  /**
   * Which datagrams give way when there is no room: the `newest`, or the `oldest` of the same session.
   * @default 'newest'
   */
  readonly shed?: 'newest' | 'oldest';
}

/** Options of every UDP component that has sessions. */
export interface UdpOptions<In = Uint8Array, Out = BytesLike> extends Omit<
  ComponentOptions<In, Out>,
  'bufferSize' | 'halfOpen'
> {
  /**
   * What carries the datagrams; a `MemoryNetwork` for tests without sockets.
   * @default udp
   */
  readonly transport?: DatagramTransport;
  /**
   * Longest datagram, in bytes, that is sent or taken. A longer one that comes is dropped and reported (`dropped$`,
   * reason `oversized`). 1 to 65536, of which IPv4 carries 65507. In a local network 1472 travel in one piece, through
   * the Internet 548 for sure. Twin of `SetMaxDatagramSize`.
   * @default 1432
   */
  readonly maxDatagramSize?: number;
  /** @default see {@link Detect} */
  readonly detect?: Detect;
  /**
   * Whether empty datagrams are heartbeats, as the original has it: a client sends one when it begins and one each
   * detect interval, a server answers each with one. `false` for peers that do not know them: none is sent or answered.
   * An empty datagram that comes is a sign of life in any case, and never delivered.
   * @default true
   */
  readonly heartbeat?: boolean;
  /**
   * Whether the end of a session is told to the peer by a datagram of 16 bytes, and such a datagram ends the session.
   * `false` for peers that do not know it; the 16 bytes are data then.
   * @default true
   */
  readonly closeNotice?: boolean;
  /** @default see {@link ReceiveQueue} */
  readonly receiveQueue?: ReceiveQueue;
  /**
   * Bytes that the system keeps of what has come and was not fetched yet (`SO_RCVBUF`). 0: as the system has it.
   * @default 0
   */
  readonly receiveBuffer?: number;
  /**
   * Bytes that the system keeps of what is to be sent (`SO_SNDBUF`). 0: as the system has it.
   * @default 0
   */
  readonly sendBuffer?: number;
}

/** {@link UdpOptions} after the check. */
export interface UdpSettings extends ComponentSettings {
  readonly transport: DatagramTransport;
  readonly maxDatagramSize: number;
  readonly detect: Resolved<Detect>;
  readonly heartbeat: boolean;
  readonly closeNotice: boolean;
  readonly receiveQueue: Resolved<ReceiveQueue>;
  readonly receiveBuffer: number;
  readonly sendBuffer: number;
}

const MOST = 65_536;
const MOST_BUFFERED = 2 ** 30;

const checkDetect = table<Detect>({
  interval: milliseconds(60_000, { min: 1000 }),
  attempts: integer({ min: 0, max: 1000, fallback: 3 }),
});

const checkQueue = table<ReceiveQueue>({
  session: integer({ min: 0, max: 2 ** 30, fallback: 64 * 1024 }),
  socket: integer({ min: 0, max: 2 ** 40, fallback: 4 * 1024 * 1024 }),
  shed: oneOf<'newest' | 'oldest'>(['newest', 'oldest'], 'newest'),
});

/** Not an option of what keeps datagrams whole. */
const fixed = <T>(fallback: T): Check<T> => check(fallback, 'left out: datagrams stay whole', () => false);

/** Checks of what {@link UdpOptions} adds to the options of every component. */
export const udpChecks = {
  transport: having<DatagramTransport>('bind', 'a datagram transport', udp),
  maxDatagramSize: integer({ min: 1, max: MOST, fallback: 1432 }),
  detect: nested(checkDetect),
  heartbeat: flag(true),
  closeNotice: flag(true),
  receiveQueue: nested(checkQueue),
  receiveBuffer: integer({ min: 0, max: MOST_BUFFERED, fallback: 0 }),
  sendBuffer: integer({ min: 0, max: MOST_BUFFERED, fallback: 0 }),
  bufferSize: fixed(Infinity),
  halfOpen: fixed(false),
  // A datagram is a write of its own, so that there is nothing to wait for.
  sendPolicy: policyOption(sendPolicy.direct()),
};

/** A {@link componentTable} for a kind of UDP component. */
export function udpTable<Options extends object>(checks: Checks<Omit<Options, keyof UdpOptions>>) {
  const resolve = componentTable<Options>({ ...udpChecks, ...checks } as never);
  return (options: object) =>
    resolve(options) as unknown as UdpSettings & Resolved<Omit<Options, keyof UdpOptions>>;
}

/** How long a datagram of these settings may be. */
export function datagramLimit({ maxDatagramSize }: UdpSettings): MessageLimit {
  return { most: maxDatagramSize, option: 'maxDatagramSize' };
}
