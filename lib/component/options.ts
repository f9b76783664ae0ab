import {
  type Checks,
  MAX_TIMER,
  type Resolved,
  check,
  flag,
  having,
  integer,
  milliseconds,
  nested,
  table,
} from '../base/options.ts';
import type { BytesLike } from '../bytes/bytes-like.ts';
import type { Codec } from '../codec/codec.ts';
import { type ConnectionOptions, type ConnectionSettings, connectionChecks } from '../connection/settings.ts';
import { type ResolvedFlowMarks, flowMarks } from '../flow/flow-marks.ts';
import { highPendingOf } from '../send/outbox-limits.ts';
import { tcp } from '../transport/tcp.ts';
import { isIP } from '../transport/address.ts';
import type { StopOptions } from './events.ts';
import type { StreamSocketOptions, Transport } from '../transport/wire.ts';

/** TCP keep-alive: probes that find a dead peer. Either value 0 turns it off. */
export interface KeepAlive {
  /**
   * Milliseconds without traffic before the first probe; 0 or 1000 to 2147483647. Whole seconds on most systems.
   * @default 60000
   */
  readonly time?: number;
  /**
   * Milliseconds between probes; 0 or 1000 to 2147483647. Older versions of Node (20 for certain) send them every
   * second whatever is given, and give up after ten.
   * @default 20000
   */
  readonly interval?: number;
}

const checkKeepAlive = table<KeepAlive>({
  time: milliseconds(60_000, { min: 1000 }),
  interval: milliseconds(20_000, { min: 1000 }),
});

/** How much may be kept of what all connections of a component have received. */
export interface Budget {
  /**
   * Bytes leased on all connections together at which the heaviest of them are paused. 1 to 2^40.
   * @default 268435456 (256 MiB)
   */
  readonly high?: number;
  /**
   * Bytes at or below which they go on; at most `high`.
   * @default half of `high`
   */
  readonly low?: number;
}

/** Options of every component. */
export interface ComponentOptions<In = Uint8Array, Out = BytesLike> extends ConnectionOptions {
  /**
   * What the connections speak: their `receive$` emits its messages, `send()` takes them, and the component's types
   * follow. See {@link Connection.through}.
   * @default none: chunks of bytes
   */
  readonly codec?: Codec<Uint8Array, In, BytesLike, Out> | undefined;
  /**
   * Most connections at the same time; a server turns further peers away at once (`dropped$`), an agent refuses to
   * connect (`ERR_CONNECTION_LIMIT`). 1 to 5000000.
   * @default 10000
   */
  readonly maxConnections?: number;
  /** @default see {@link Budget} */
  readonly budget?: Budget;
}

/** Options of every component over byte streams: TCP, TLS and Unix domain sockets. */
export interface TcpOptions<In = Uint8Array, Out = BytesLike> extends ComponentOptions<In, Out> {
  /**
   * What carries the bytes; a `MemoryNetwork` for tests without sockets.
   * @default tcp
   */
  readonly transport?: Transport;
  /**
   * Whether small writes leave at once (`TCP_NODELAY`). The original's default is false; here a write is a whole
   * batch already, so that waiting for more only costs time.
   * @default true
   */
  readonly noDelay?: boolean;
  /** @default see {@link KeepAlive} */
  readonly keepAlive?: KeepAlive;
}

/** Numbers of items are not limited. */
const ANY = 2 ** 40;

const checkBudgetMarks = table<Budget>({
  high: integer({ min: 1, max: ANY, fallback: 256 * 1024 * 1024 }),
  low: integer({ min: 0, max: ANY, fallback: -1 }),
});

function checkBudget(value: unknown, name: string): ResolvedFlowMarks {
  const { high, low } = checkBudgetMarks(value as Budget | undefined, `${name}.`);
  return flowMarks(
    { high, low: low < 0 ? Math.floor(high / 2) : low, maxItems: ANY, resumeItems: ANY },
    `${name}.`,
  );
}

const componentChecks: Checks<ComponentOptions> = {
  ...connectionChecks,
  codec: having<AnyCodec | undefined>('decoder', 'a codec', undefined),
  maxConnections: integer({ min: 1, max: 5_000_000, fallback: 10_000 }),
  budget: Object.assign(checkBudget, { fallback: checkBudget(undefined, 'budget') }),
};

/** Checks of what {@link TcpOptions} adds. */
export const tcpChecks: Checks<Omit<TcpOptions, keyof ComponentOptions>> = {
  transport: having<Transport>('connect', 'a transport', tcp),
  noDelay: flag(true),
  keepAlive: nested(checkKeepAlive),
};

/** A codec whose messages do not matter. */
type AnyCodec = Codec<Uint8Array, Uint8Array, BytesLike, BytesLike>;

/** {@link ComponentOptions} after the check. */
export interface ComponentSettings extends ConnectionSettings {
  readonly codec: AnyCodec | undefined;
  readonly maxConnections: number;
  readonly budget: ResolvedFlowMarks;
}

/** A {@link table} for the options of a kind of component; what is nested has been resolved too. */
export function componentTable<Options extends object>(
  checks: Checks<Omit<Options, keyof ComponentOptions>>,
) {
  const resolve = table<Options>({ ...componentChecks, ...checks } as unknown as Checks<Options>);
  return (options: object) => {
    const settings = resolve(options as Options) as unknown as ComponentSettings &
      Resolved<Omit<Options, keyof ComponentOptions>>;
    return { ...settings, highPending: highPendingOf(settings, options) };
  };
}

/** A port; 0 lets the system pick one. */
export const port = integer({ min: 0, max: 65_535, fallback: 0 });

/** An IP address as text. */
export const ipAddress = check<string | undefined>(
  undefined,
  'an IP address',
  (value) => typeof value === 'string' && isIP(value) > 0,
);

/** What the transport is told about a socket. */
export function socketOptions(settings: {
  readonly noDelay: boolean;
  readonly keepAlive: KeepAlive;
}): StreamSocketOptions {
  const { time, interval } = settings.keepAlive as Resolved<KeepAlive>; // filled in by the check
  return { noDelay: settings.noDelay, keepAliveTime: time, keepAliveInterval: interval };
}

/** Checks how to stop. */
export const checkStop = table<StopOptions>({
  drain: flag(true),
  deadline: integer({ min: 0, max: MAX_TIMER, fallback: 5_000 }),
});
