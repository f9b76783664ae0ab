import type { DropReason } from '../component/events.ts';

/** Why a datagram that has come was thrown away; see {@link DropReason}. */
export type DatagramLoss = Exclude<DropReason, 'overflow'>;

/** Datagrams, and the bytes in them. */
export interface DatagramCount {
  readonly datagrams: number;
  readonly bytes: number;
}

/** What has gone through the sockets of a component since it was made, heartbeats and close notices included. */
export interface DatagramCounts {
  /** What has come, whatever became of it. */
  readonly received: DatagramCount;
  /** What was given to the system. */
  readonly sent: DatagramCount;
  /** What has come and was thrown away, those of peers that were turned away included. */
  readonly dropped: Readonly<Record<DatagramLoss, DatagramCount>>;
}

/** A count that goes on. */
class Tally implements DatagramCount {
  datagrams = 0;
  bytes = 0;

  add(bytes: number): void {
    this.datagrams++;
    this.bytes += bytes;
  }
}

/** Counts for {@link DatagramCounts}. */
export class DatagramTally implements DatagramCounts {
  readonly received = new Tally();
  readonly sent = new Tally();
  readonly dropped: Readonly<Record<DatagramLoss, Tally>> = {
    oversized: new Tally(),
    'queue-full': new Tally(),
    'unknown-peer': new Tally(),
    malformed: new Tally(),
    'max-connections': new Tally(),
    refused: new Tally(),
  };

  drop(reason: DatagramLoss, bytes: number): void {
    this.dropped[reason].add(bytes);
  }
}
