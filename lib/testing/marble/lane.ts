import { ByteQueue } from '../../bytes/byte-queue.ts';
import { later } from './later.ts';

/** The end that writes into a lane. */
interface Writer {
  written(): void;
  wasReset(): void;
}

/** The end that reads from a lane. */
interface Reader {
  readonly isOver: boolean;
  wake(): void;
  wasReset(): void;
}

/** One direction of a connection: what waits for room in the reader's window, is on its way, or has arrived. */
export class Lane {
  /** Written, and not taken by the network yet. */
  readonly waiting = new ByteQueue();
  /** Arrived, and not read yet. */
  readonly arrived = new ByteQueue();
  finSent = false;
  finArrived = false;

  private readonly latency: number;
  private readonly window: number;
  /** What of the window is used, as far as the writer knows. */
  private used = 0;
  private ended = false;
  private writer: Writer | undefined;
  private reader: Reader | undefined;

  constructor(latency: number, window: number) {
    this.latency = latency;
    this.window = window;
  }

  join(writer: Writer, reader: Reader): void {
    this.writer = writer;
    this.reader = reader;
  }

  write(bytes: Uint8Array): void {
    this.waiting.push(bytes);
    this.move();
  }

  /** FIN goes out after everything written. */
  end(): void {
    this.ended = true;
    this.move();
  }

  /** FIN goes out at once; what waits is lost. */
  cutOff(): void {
    this.waiting.clear();
    this.end();
  }

  /** RST goes out: it overtakes what waits, and what has arrived and was not read. */
  reset(): void {
    this.waiting.clear();
    later(this.latency, () => this.reader?.wasReset());
  }

  take(limit: number): Uint8Array | undefined {
    const bytes = this.arrived.take(limit);
    if (bytes !== undefined) {
      later(this.latency, () => {
        this.used -= bytes.length;
        if (this.move()) this.writer?.written();
      });
    }
    return bytes;
  }

  /** What was taken comes again before anything else. */
  giveBack(rest: Uint8Array): void {
    this.used += rest.length;
    this.arrived.unshift(rest);
  }

  clear(): void {
    this.waiting.clear();
    this.arrived.clear();
  }

  /** Lets go what there is room for; true when that was something. */
  private move(): boolean {
    let moved = false;
    while (this.used < this.window) {
      const bytes = this.waiting.take(this.window - this.used);
      if (bytes === undefined) break;
      this.used += bytes.length;
      moved = true;
      later(this.latency, () => this.arrive(bytes));
    }
    if (this.ended && !this.finSent && this.waiting.length === 0) {
      this.finSent = true;
      later(this.latency, () => {
        this.finArrived = true;
        this.reader?.wake();
      });
    }
    return moved;
  }

  private arrive(bytes: Uint8Array): void {
    // Who writes to an end that has closed is answered with RST.
    if (this.reader?.isOver === true) {
      later(this.latency, () => this.writer?.wasReset());
      return;
    }
    this.arrived.push(bytes);
    this.reader?.wake();
  }
}
