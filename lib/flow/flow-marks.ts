import { OptionError } from '../base/errors.ts';
import { type Resolved, integer, table } from '../base/options.ts';

/** When a gate asks for a pause, and when it lets values come again. */
export interface FlowMarks {
  /**
   * Leased bytes at which reading pauses. 1 to 2^40.
   * @default 262144 (256 KiB)
   */
  readonly high?: number;
  /**
   * Leased bytes at or below which reading resumes; at most `high`.
   * @default 65536 (64 KiB), or `high` where that is less
   */
  readonly low?: number;
  /**
   * Leased items at which reading pauses, however small they are.
   * @default 1024
   */
  readonly maxItems?: number;
  /**
   * Leased items at or below which reading resumes; at most `maxItems`.
   * @default 256, or `maxItems` where that is less
   */
  readonly resumeItems?: number;
}

/** Marks with every value filled in. */
export type ResolvedFlowMarks = Resolved<FlowMarks>;

const HUGE = 2 ** 40;

const checkMarks = table<FlowMarks>({
  high: integer({ min: 1, max: HUGE, fallback: 256 * 1024 }),
  low: integer({ min: 0, max: HUGE, fallback: -1 }),
  maxItems: integer({ min: 1, max: HUGE, fallback: 1024 }),
  resumeItems: integer({ min: 0, max: HUGE, fallback: -1 }),
});

/** Checks marks and fills in the defaults. `prefix` names the option they stand under, with its dot. */
export function flowMarks(marks?: FlowMarks, prefix = ''): ResolvedFlowMarks {
  const { high, low, maxItems, resumeItems } = checkMarks(marks, prefix);
  if (low > high) throw new OptionError(`${prefix}low`, low, `at most high, which is ${high}`);
  if (resumeItems > maxItems) {
    throw new OptionError(`${prefix}resumeItems`, resumeItems, `at most maxItems, which is ${maxItems}`);
  }
  return {
    high,
    low: low < 0 ? Math.min(64 * 1024, high) : low,
    maxItems,
    resumeItems: resumeItems < 0 ? Math.min(256, maxItems) : resumeItems,
  };
}
