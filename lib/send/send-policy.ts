import type { SchedulerLike } from 'rxjs';
import { having, table } from '../base/options.ts';

/** Options of a buffering send policy. */
export interface SendPolicyOptions {
  /**
   * When the bytes sent in one turn become a write. Any RxJS scheduler: a `TestScheduler` makes the batches visible
   * in marbles, {@link loopScheduler} writes once per round of the event loop for all connections together.
   * @default the end of the turn: when the handling of the received chunk returns, or, for sends from elsewhere,
   * when the running code returns to the event loop (`asapScheduler`)
   */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * How sends become writes; the twin of `SetSendPolicy` (guide chapter 2, `SP_PACK`, `SP_SAFE`, `SP_DIRECT`).
 * Made by {@link sendPolicy}.
 */
export interface SendPolicy {
  readonly name: 'pack' | 'safe' | 'direct';
  /** @internal When to flush; `undefined` is the end of the turn. */
  readonly scheduler: SchedulerLike | undefined;
}

/** Bytes that `safe` keeps in flight, and beyond which `pack` waits for a completion: one block. */
export const BLOCK_SIZE = 64 * 1024;

/** Pieces below this size are copied together; larger ones are handed over as they are. */
export const SMALL = 8 * 1024;

const checkOptions = table<SendPolicyOptions>({
  scheduler: having<SchedulerLike | undefined>('schedule', 'an RxJS scheduler', undefined),
});

/** The three send policies of HP-Socket. */
export const sendPolicy = {
  /**
   * Everything sent within one turn becomes one write: small pieces are copied into one block, large ones are handed
   * over as they are. The default, for throughput.
   */
  pack(options?: SendPolicyOptions): SendPolicy {
    return { name: 'pack', scheduler: checkOptions(options).scheduler };
  },
  /**
   * As `pack`, and at most one block of 64 KiB is in flight: the next one waits until the system has taken it.
   * For slow or unstable networks, and where `drop-old` should find as much as possible still droppable.
   */
  safe(options?: SendPolicyOptions): SendPolicy {
    return { name: 'safe', scheduler: checkOptions(options).scheduler };
  },
  /** Every send is a write at once, without Nagle's delay. For low latency at low volume. */
  direct(): SendPolicy {
    return { name: 'direct', scheduler: undefined };
  },
} as const;
