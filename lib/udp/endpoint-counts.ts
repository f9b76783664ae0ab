import type { DatagramCount } from './datagram-counts.ts';
import type { EndpointDropReason } from './endpoint-events.ts';

/** What has passed through an endpoint since it was made. */
export interface EndpointCounts {
  /** What has come, whatever became of it. */
  readonly received: DatagramCount;
  /** What `receive$` has emitted of it. */
  readonly delivered: DatagramCount;
  /** What was handed to the operating system. */
  readonly sent: DatagramCount;
  /** Faults of any kind. */
  readonly faults: number;
  /** What was thrown away, by reason. */
  readonly dropped: Readonly<Record<EndpointDropReason, DatagramCount>>;
}

/** A count that goes on. */
export class EndpointTally implements EndpointCounts {
  readonly received = new Count();
  readonly delivered = new Count();
  readonly sent = new Count();
  faults = 0;
  readonly dropped: Readonly<Record<EndpointDropReason, Count>> = {
    oversized: new Count(),
    'queue-full': new Count(),
    unobserved: new Count(),
    stopped: new Count(),
    overflow: new Count(),
    unresolved: new Count(),
  };
}

class Count implements DatagramCount {
  datagrams = 0;
  bytes = 0;

  add(bytes: number): void {
    this.datagrams++;
    this.bytes += bytes;
  }
}
