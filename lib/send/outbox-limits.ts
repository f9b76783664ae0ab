import { OptionError } from '../base/errors.ts';
import { type Checks, integer, oneOf } from '../base/options.ts';

/**
 * Answer of a send. `ok`: accepted. `congested`: accepted, but more than `highPending` bytes are waiting, so the
 * sender should slow down. `refused`: not accepted; `lastError` of the connection says why.
 */
export type SendResult = 'ok' | 'congested' | 'refused';

/**
 * What happens to a send that would exceed `maxPending`. `error`: it is refused and reported as a fault.
 * `drop-new`: it is refused and counted. `drop-old`: the oldest sends that have not been handed to the system make
 * room and are counted. `close`: it is refused and the connection is closed with reason `overflow`.
 */
export type OverflowPolicy = 'error' | 'drop-new' | 'drop-old' | 'close';

/** Limits of what may wait to be sent. */
export interface OutboxLimits {
  /**
   * Pending bytes above which `send()` answers `congested`. 1 to `maxPending`.
   * @default 1048576 (1 MiB), or `maxPending` if that is less
   */
  readonly highPending?: number;
  /**
   * Pending bytes that are never exceeded. 1 to 2^40.
   * @default 16777216 (16 MiB)
   */
  readonly maxPending?: number;
  /**
   * What happens to a send beyond `maxPending`.
   * @default 'error'
   */
  readonly overflow?: OverflowPolicy;
}

/** Checks of {@link OutboxLimits}, to be part of a component's table. */
export const outboxLimitChecks: Checks<OutboxLimits> = {
  highPending: integer({ min: 1, max: 2 ** 40, fallback: 1024 * 1024 }),
  maxPending: integer({ min: 1, max: 2 ** 40, fallback: 16 * 1024 * 1024 }),
  overflow: oneOf<OverflowPolicy>(['error', 'drop-new', 'drop-old', 'close'], 'error'),
};

/**
 * The mark above which a send is congested: within the limit.
 *
 * @param given What the user said, where a mark above the limit is a mistake.
 * @throws OptionError (`ERR_OPTION`)
 */
export function highPendingOf(
  { highPending, maxPending }: Required<Pick<OutboxLimits, 'highPending' | 'maxPending'>>,
  given: Pick<OutboxLimits, 'highPending'>,
): number {
  if (highPending <= maxPending) return highPending;
  if (given.highPending === undefined) return maxPending;
  throw new OptionError('highPending', highPending, `at most maxPending, which is ${maxPending}`);
}
