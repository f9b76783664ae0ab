import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { Observable, type Subscriber } from 'rxjs';
import { type NetworkError, ProtocolError, systemError } from '../base/errors.ts';
import { toBytes } from '../bytes/bytes-like.ts';
import type { PulledUnit } from '../send/units.ts';
import type { Connection, FileSurroundings } from './connection.ts';

/** Bytes read at a time. */
const BLOCK = 64 * 1024;

/**
 * The Observable behind `Connection.sendFile`.
 *
 * @param enqueue Puts the unit into the outbox, which it answers with; throws when nothing can be sent.
 */
export function sendFile(
  path: string,
  around: FileSurroundings,
  enqueue: (unit: PulledUnit) => { resume(): void },
): Observable<number> {
  return new Observable((subscriber) => {
    const unit = new FileUnit(path, around, subscriber);
    const outbox = enqueue(unit);
    unit.start(() => outbox.resume());
    return () => unit.abandon();
  });
}

/** Longest file that is sent as one message: the limit of `SendSmallFile`. */
const SMALL_FILE = 4 * 1024 * 1024;

/** {@link sendFile} on a connection whose codec makes one message of head, file and tail. */
export function sendFileAsMessage<N>(
  path: string,
  { head, tail }: FileSurroundings<N>,
  connection: Connection<unknown, N>,
): Observable<number> {
  return new Observable((subscriber) => {
    const accepted = () => connection.bytesOut + connection.pending;
    const sendAll = (bytes: Uint8Array) => {
      const before = accepted();
      const parts = [head, bytes as N, tail].filter((part) => part !== undefined);
      if (connection.send(...parts) === 'refused') {
        subscriber.error(connection.lastError);
        return;
      }
      const length = accepted() - before;
      connection.whenSent({
        release: (error) => {
          if (error === undefined) {
            subscriber.next(length);
            subscriber.complete();
          } else {
            subscriber.error(error);
          }
        },
      });
    };
    readSmall(path)
      .then((bytes) => {
        if (!subscriber.closed) sendAll(bytes);
      })
      .catch((error: unknown) => subscriber.error(asSendError(error)));
  });
}

/** What the system or a codec says; a mistake of the caller as it is. */
function asSendError(error: unknown): unknown {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? systemError(error, 'send') : error;
}

async function readSmall(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > SMALL_FILE) {
    const what = `a file of ${size} bytes cannot be one message: ${SMALL_FILE} is the limit`;
    throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'send' });
  }
  return readFile(path);
}

/** A file in its place in the outbox. Reads one block ahead of what was pulled. */
class FileUnit implements PulledUnit {
  private readonly path: string;
  private readonly subscriber: Subscriber<number>;
  private readonly ready: Uint8Array[] = [];
  private readonly tail: Uint8Array | undefined;
  private head: Uint8Array | undefined;
  private wake: () => void = () => undefined;
  private file: FileHandle | undefined;
  private reading = false;
  private ended = false;
  private pulled = 0;
  private sent = 0;

  constructor(path: string, { head, tail }: FileSurroundings, subscriber: Subscriber<number>) {
    this.path = path;
    this.head = head === undefined ? undefined : toBytes(head);
    this.tail = tail === undefined ? undefined : toBytes(tail);
    this.subscriber = subscriber;
  }

  start(wake: () => void): void {
    this.wake = wake;
    this.readNext();
  }

  pull(): Uint8Array | null | undefined {
    const bytes = this.ready.shift();
    if (bytes !== undefined) {
      this.pulled += bytes.length;
      if (!this.ended && !this.reading) this.readNext();
      return bytes;
    }
    return this.ended ? null : undefined;
  }

  taken(bytes: number): void {
    this.sent += bytes;
    if (bytes > 0) this.subscriber.next(this.sent);
    this.completeIfSent();
  }

  failed(error: NetworkError): void {
    this.end();
    this.subscriber.error(error);
  }

  abandon(): void {
    if (this.ended && this.ready.length === 0) return;
    this.end();
    this.wake();
  }

  private readNext(): void {
    this.reading = true;
    this.read().then(
      (bytes) => this.received(bytes),
      (error: unknown) => {
        this.reading = false;
        this.failed(systemError(error, 'send'));
        this.wake();
      },
    );
  }

  private async read(): Promise<Uint8Array> {
    this.file ??= await open(this.path);
    const block = Buffer.allocUnsafe(BLOCK);
    const { bytesRead } = await this.file.read(block, 0, BLOCK);
    return block.subarray(0, bytesRead);
  }

  private received(bytes: Uint8Array): void {
    this.reading = false;
    if (this.ended) {
      this.close();
      return;
    }
    // The head waits for the first block, so that a file which cannot be read sends nothing.
    if (this.head !== undefined) this.push(this.head);
    this.head = undefined;
    if (bytes.length > 0) {
      this.push(bytes);
    } else {
      if (this.tail !== undefined) this.push(this.tail);
      this.ended = true;
      this.close();
    }
    this.wake();
  }

  private push(bytes: Uint8Array): void {
    if (bytes.length > 0) this.ready.push(bytes);
  }

  private completeIfSent(): void {
    if (this.ended && this.ready.length === 0 && this.sent === this.pulled) this.subscriber.complete();
  }

  private end(): void {
    this.ended = true;
    this.ready.length = 0;
    if (!this.reading) this.close();
  }

  private close(): void {
    const { file } = this;
    this.file = undefined;
    // A file that was only read has nothing to lose.
    file?.close().catch(() => undefined);
  }
}
