import { MAX_TIMEOUT } from './round-trip.ts';
import type { SentSegment } from './sent-segment.ts';

/** Why a segment is sent now. */
export type SendReason = 'first' | 'timeout' | 'passed';

/** What decides when a segment is sent again. */
export interface ResendSettings {
  readonly noDelay: boolean;
  readonly resendByAcks: number;
  readonly fastLimit: number;
}

/** Decides which segments are to be sent, first or again, and when to look at them next. */
export class ResendPolicy {
  /** Acknowledgements for later segments that make one be sent again early; `Infinity`: it waits its time. */
  readonly acksNeeded: number;
  private readonly noDelay: boolean;
  private readonly fastLimit: number;

  constructor({ noDelay, resendByAcks, fastLimit }: ResendSettings) {
    this.noDelay = noDelay;
    this.acksNeeded = resendByAcks > 0 ? resendByAcks : Infinity;
    this.fastLimit = fastLimit > 0 ? fastLimit : Infinity;
  }

  /** Whether to send a segment, which is noted in it as done. `timeout` is what the round trips tell. */
  decide(segment: SentSegment, now: number, timeout: number): SendReason | undefined {
    const reason = this.reasonFor(segment, now);
    if (reason === undefined) return undefined;
    segment.sent++;
    segment.ts = now >>> 0;
    let grace = 0;
    if (reason === 'first') {
      segment.timeout = timeout;
      if (!this.noDelay) grace = timeout >>> 3;
    } else if (reason === 'timeout') segment.timeout = this.longer(segment.timeout, timeout);
    else segment.passed = 0;
    segment.resendAt = now + segment.timeout + grace;
    return reason;
  }

  /** Whether so many have passed a segment that it is sent with the next flush. */
  isPassed(segment: SentSegment): boolean {
    return segment.passed >= this.acksNeeded && segment.sent <= this.fastLimit;
  }

  private reasonFor(segment: SentSegment, now: number): SendReason | undefined {
    if (segment.sent === 0) return 'first';
    if (now >= segment.resendAt) return 'timeout';
    return this.isPassed(segment) ? 'passed' : undefined;
  }

  /** Each time a segment is lost, the wait doubles, or grows by half with `noDelay`. */
  private longer(before: number, timeout: number): number {
    const step = this.noDelay ? before >>> 1 : Math.max(before, timeout);
    return Math.min(before + step, MAX_TIMEOUT);
  }
}
