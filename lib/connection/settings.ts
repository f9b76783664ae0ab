import { type SchedulerLike, asyncScheduler } from 'rxjs';
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
  table,
} from '../base/options.ts';
import { type FlowMarks, type ResolvedFlowMarks, flowMarks } from '../flow/flow-marks.ts';
import { type OutboxLimits, outboxLimitChecks } from '../send/outbox-limits.ts';
import { type SendPolicy, sendPolicy } from '../send/send-policy.ts';

/** Timeouts of a connection, in milliseconds; 0 turns one off. 1 to 2147483647. */
export interface Timeouts {
  /**
   * Until a dialled connection is established, name resolution included.
   * @default 10000
   */
  readonly connect?: number;
  /**
   * From the beginning of a TLS handshake to its end, before which nothing can be sent. The original has none, so that
   * a peer which stays silent keeps a connection for ever.
   * @default 10000
   */
  readonly handshake?: number;
  /**
   * From the beginning until the first byte of the peer, while we are reading.
   * @default 0
   */
  readonly firstByte?: number;
  /**
   * Silence of the peer while we are reading. Stands still while we are the ones who paused.
   * @default 0
   */
  readonly readIdle?: number;
  /**
   * Bytes are waiting to be sent and the system takes none.
   * @default 0
   */
  readonly writeStall?: number;
  /**
   * Until a connection that is closing in an orderly way has handed everything to the system. What is left then is
   * lost and counted.
   * @default 10000
   */
  readonly drain?: number;
  /**
   * How long an orderly close waits for the peer's FIN after its own, so that bytes which arrive late do not turn
   * it into a reset. Running out is no failure.
   * @default 1000
   */
  readonly linger?: number;
}

/** {@link Timeouts} with every value filled in. */
export type ResolvedTimeouts = Resolved<Timeouts>;

const checkTimeouts = table<Timeouts>({
  connect: milliseconds(10_000),
  handshake: milliseconds(10_000),
  firstByte: milliseconds(0),
  readIdle: milliseconds(0),
  writeStall: milliseconds(0),
  drain: milliseconds(10_000),
  linger: milliseconds(1_000),
});

/** Options that shape every connection of a component. */
export interface ConnectionOptions extends OutboxLimits {
  /**
   * How sends become writes; see {@link sendPolicy}.
   * @default sendPolicy.pack()
   */
  readonly sendPolicy?: SendPolicy;
  /** When reading pauses because of what is still being worked on. */
  readonly flow?: FlowMarks;
  /** @default see {@link Timeouts} */
  readonly timeouts?: Timeouts;
  /**
   * Longest chunk that `receive$` emits, in bytes; the twin of `SocketBufferSize`, there 4096. 8 to 2^30.
   * @default 65536, what Node reads at a time
   */
  readonly bufferSize?: number;
  /**
   * What happens when the peer has ended its side. `false`: our side ends too, as soon as the work on what was
   * received is done (no handler running, no lease out) and everything sent has left. `true`: it stays open until
   * `end()` or `disconnect()`.
   * @default false
   */
  readonly halfOpen?: boolean;
  /**
   * Whether the time of each receive is kept, for `silence` and `disconnectSilent()`.
   * @default true
   */
  readonly markSilence?: boolean;
  /**
   * Clock and timers of the component; a `TestScheduler` makes them virtual.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike;
}

/** What a connection works with: options checked and filled in. */
export interface ConnectionSettings extends Required<OutboxLimits> {
  readonly sendPolicy: SendPolicy;
  readonly flow: ResolvedFlowMarks;
  readonly timeouts: ResolvedTimeouts;
  readonly bufferSize: number;
  readonly halfOpen: boolean;
  readonly markSilence: boolean;
  readonly scheduler: SchedulerLike;
}

/** A send policy. */
export function policyOption(fallback: SendPolicy): Check<SendPolicy> {
  return check(fallback, 'a policy made by sendPolicy', isSendPolicy);
}

/** Checks of {@link ConnectionOptions}, to be part of a component's table. */
export const connectionChecks: Checks<ConnectionOptions> = {
  ...outboxLimitChecks,
  sendPolicy: policyOption(sendPolicy.pack()),
  flow: Object.assign((value: unknown, name: string) => flowMarks(value as FlowMarks, `${name}.`), {
    fallback: flowMarks(),
  }),
  timeouts: nested(checkTimeouts),
  bufferSize: integer({ min: 8, max: 2 ** 30, fallback: 64 * 1024 }),
  halfOpen: flag(false),
  markSilence: flag(true),
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
};

function isSendPolicy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(sendPolicy, (value as { name?: PropertyKey }).name ?? '');
}
