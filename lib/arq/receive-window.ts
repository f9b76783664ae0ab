import { ProtocolError } from '../base/errors.ts';
import { MAX_FRAGMENTS, advance, distance } from './segment.ts';

/** Places at first; a power of two. */
const FIRST_PLACES = 16;

/**
 * What has come: segments in order, which wait to be fetched as whole messages, and behind them those that came before
 * their turn.
 *
 * A segment is kept as a view of its datagram. There are never more than twice as many as the window is large: as many
 * in order, if nobody fetches them, and as many before their turn from a peer that does not care for what it is told.
 */
export class ReceiveWindow {
  /** Segments that the window has places for. */
  readonly size: number;
  /** The first number that has not come. */
  next: number;
  /** The first number that has not been fetched. */
  private head: number;
  private data: (Uint8Array | undefined)[] = new Array<undefined>(FIRST_PLACES).fill(undefined);
  private fragments = new Uint8Array(FIRST_PLACES);
  private readonly maxMessage: number;
  /** Fragments that the message in front of `next` lacks, and bytes that it has. */
  private missing = 0;
  private bytes = 0;
  /** What is wrong with the segment at `next`, beyond which nothing is taken. */
  private fault: ProtocolError | undefined;

  constructor(size: number, maxMessage: number, first: number) {
    this.size = size;
    this.maxMessage = maxMessage;
    this.next = first;
    this.head = first;
  }

  /** Segments in order that have not been fetched. */
  get queued(): number {
    return distance(this.next, this.head);
  }

  /** Segments in order that there is room for. */
  get room(): number {
    return Math.max(this.size - this.queued, 0);
  }

  /** Whether a whole message waits to be fetched. */
  get hasMessage(): boolean {
    const { queued } = this;
    return queued > 0 && queued > this.fragments[this.place(this.head)]!;
  }

  /** Whether a segment is acknowledged: one of the window, or from the past. */
  accepts(sn: number): boolean {
    return distance(sn, advance(this.next, this.size)) < 0;
  }

  /** Whether there will be no more messages after those that are complete. */
  get isBroken(): boolean {
    return this.fault !== undefined;
  }

  /** Whether a segment that is accepted has not come yet. */
  lacks(sn: number): boolean {
    return distance(sn, this.next) >= 0 && this.read(sn) === undefined;
  }

  /**
   * Takes a segment that it accepts and lacks.
   *
   * @throws ProtocolError `ERR_FRAME_LENGTH` when a message is too long, `ERR_FRAME_DATA` when its fragments do not
   * belong together.
   */
  put(sn: number, fragment: number, data: Uint8Array): void {
    if (data.length > this.maxMessage) throw this.tooLong(data.length);
    const needed = distance(sn, this.head) + 1;
    while (needed > this.data.length) this.grow();
    const place = sn & (this.data.length - 1);
    this.data[place] = data;
    this.fragments[place] = fragment;
    this.proceed();
    if (this.fault !== undefined) throw this.fault;
  }

  /**
   * Removes and returns the next message if it is complete; one of several fragments is joined.
   *
   * @throws ProtocolError as {@link put}, when all messages before the fault have been taken.
   */
  take(): Uint8Array | undefined {
    if (!this.hasMessage) {
      if (this.fault !== undefined) throw this.fault;
      return undefined;
    }
    const count = this.fragments[this.place(this.head)]! + 1;
    const message = count === 1 ? this.shift() : this.join(count);
    this.proceed();
    return message;
  }

  /** Moves `next` on over what has come, as long as there is room. */
  private proceed(): void {
    for (;;) {
      const data = this.read(this.next);
      if (data === undefined || this.queued >= this.size) return;
      this.fault = this.check(this.fragments[this.place(this.next)]!, data.length);
      if (this.fault !== undefined) return;
      this.next = advance(this.next, 1);
    }
  }

  /** Follows the messages in what is in order; answers with what is wrong. */
  private check(fragment: number, length: number): ProtocolError | undefined {
    if (this.missing === 0) {
      if (fragment >= MAX_FRAGMENTS - 1) {
        return faulty(`a message of ${fragment + 1} fragments: there may be ${MAX_FRAGMENTS - 1}`);
      }
    } else if (fragment !== this.missing - 1) {
      return faulty(`a fragment says that ${fragment} follow, the one before it said ${this.missing}`);
    }
    const bytes = this.bytes + length;
    if (bytes > this.maxMessage) return this.tooLong(bytes);
    this.missing = fragment;
    this.bytes = fragment === 0 ? 0 : bytes;
    return undefined;
  }

  private join(count: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let part = 0; part < count; part++) parts.push(this.shift());
    return Buffer.concat(parts);
  }

  private shift(): Uint8Array {
    const place = this.place(this.head);
    const data = this.data[place]!;
    this.data[place] = undefined;
    this.head = advance(this.head, 1);
    return data;
  }

  private read(sn: number): Uint8Array | undefined {
    return distance(sn, this.head) < this.data.length ? this.data[this.place(sn)] : undefined;
  }

  private place(sn: number): number {
    return sn & (this.data.length - 1);
  }

  private grow(): void {
    const { data, fragments } = this;
    const larger = new Array<Uint8Array | undefined>(2 * data.length).fill(undefined);
    const largerFragments = new Uint8Array(larger.length);
    for (let step = 0; step < data.length; step++) {
      const sn = advance(this.head, step);
      larger[sn & (larger.length - 1)] = data[sn & (data.length - 1)];
      largerFragments[sn & (larger.length - 1)] = fragments[sn & (data.length - 1)]!;
    }
    this.data = larger;
    this.fragments = largerFragments;
  }

  private tooLong(bytes: number): ProtocolError {
    const what = `a message of at least ${bytes} bytes exceeds maxMessageSize, which is ${this.maxMessage}`;
    return new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'receive' });
  }
}

function faulty(what: string): ProtocolError {
  return new ProtocolError('ERR_FRAME_DATA', what, { operation: 'receive' });
}
