import { type FileHandle, open } from 'node:fs/promises';
import { Observable, type Subscriber, asapScheduler, defer } from 'rxjs';
import { NetworkError, systemError } from '../../base/errors.ts';
import { FlowGate } from '../../flow/flow-gate.ts';
import { flowMarks } from '../../flow/flow-marks.ts';

/** Bytes of a piece. */
const PIECE = 256 * 1024;

/** At so many bytes that the system has not taken, no more are made. */
const MARKS = flowMarks({ high: 2 * PIECE, low: PIECE });

/**
 * Bytes in pieces, no more of them at a time than whoever takes leases on them can take. Begins with the next turn.
 */
export function inPieces(bytes: Uint8Array): Observable<Uint8Array> {
  return defer(() => {
    let at = 0;
    return pulled(bytes.length, () => {
      const piece = bytes.subarray(at, at + PIECE);
      at += piece.length;
      return piece;
    });
  });
}

/** A file that is open, and how long it is. */
export interface OpenFile {
  readonly length: number;
  /**
   * Its contents, as {@link inPieces}. Errors with `ERR_STATE` when it has become shorter, and with what the system says.
   */
  readonly contents$: Observable<Uint8Array>;
  /** To be called at the end, however it comes. */
  close(): void;
}

/** Opens a file to be sent. Rejects with the error of the system, and with `ERR_OPTION` if it is no file. */
export async function openFile(path: string): Promise<OpenFile> {
  const file = await open(path).catch((error: unknown) => {
    throw systemError(error, 'send');
  });
  const status = await file.stat().catch((error: unknown) => {
    void file.close();
    throw systemError(error, 'send');
  });
  const reader = new FileReader(file, status.size);
  if (status.isFile()) return reader;
  reader.close();
  throw new NetworkError('ERR_OPTION', `body.file must be a file, got ${path}`, { operation: 'send' });
}

class FileReader implements OpenFile {
  readonly length: number;
  readonly contents$: Observable<Uint8Array>;
  private readonly file: FileHandle;
  private reading = 0;
  private isClosed = false;

  constructor(file: FileHandle, length: number) {
    this.file = file;
    this.length = length;
    this.contents$ = defer(() => {
      let at = 0;
      return pulled(length, async () => {
        const piece = await this.read(at);
        at += piece.length;
        return piece;
      });
    });
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.reading === 0) this.closeNow();
  }

  private async read(at: number): Promise<Uint8Array> {
    const block = Buffer.allocUnsafe(Math.min(PIECE, this.length - at));
    this.reading++;
    try {
      const { bytesRead } = await this.file.read(block, 0, block.length, at);
      if (bytesRead > 0) return block.subarray(0, bytesRead);
    } finally {
      this.reading--;
      if (this.isClosed && this.reading === 0) this.closeNow();
    }
    const text = `the file has become shorter while it was sent: ${at} bytes, it had ${this.length}`;
    throw new NetworkError('ERR_STATE', text, { operation: 'send' });
  }

  private closeNow(): void {
    this.file.close().catch(() => undefined); // it was only read
  }
}

/** What `next` answers with, never empty, until it is so much. */
function pulled(length: number, next: () => Uint8Array | Promise<Uint8Array>): Observable<Uint8Array> {
  return new Observable((subscriber) => {
    const pump = new Pump(subscriber, length, next);
    // Outside of every emission, where leases count at once.
    subscriber.add(asapScheduler.schedule(() => pump.run()));
    return () => pump.stop();
  });
}

/** Asks for pieces as long as there is room. */
class Pump {
  private readonly subscriber: Subscriber<Uint8Array>;
  private readonly next: () => Uint8Array | Promise<Uint8Array>;
  private readonly gate: FlowGate;
  private missing: number;
  private isBusy = false;

  constructor(
    subscriber: Subscriber<Uint8Array>,
    length: number,
    next: () => Uint8Array | Promise<Uint8Array>,
  ) {
    this.subscriber = subscriber;
    this.next = next;
    this.missing = length;
    this.gate = new FlowGate({
      marks: MARKS,
      target: {
        flowChanged: (paused) => {
          if (!paused) this.run();
        },
      },
    });
  }

  run(): void {
    if (this.missing === 0) this.subscriber.complete();
    while (!this.isBusy && !this.subscriber.closed && !this.gate.paused) {
      this.isBusy = true;
      const piece = this.next();
      if (piece instanceof Uint8Array) this.take(piece);
      else piece.then(this.takeLater, this.fail);
    }
  }

  stop(): void {
    this.gate.close();
  }

  private readonly takeLater = (piece: Uint8Array): void => {
    this.take(piece);
    this.run();
  };

  private readonly fail = (error: unknown): void => {
    this.subscriber.error(systemError(error, 'send'));
  };

  private take(piece: Uint8Array): void {
    this.missing -= piece.length;
    this.gate.deliver(this.subscriber, piece);
    this.isBusy = false;
    if (this.missing === 0) this.subscriber.complete();
  }
}
