import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Observable, type Subscriber } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import { FlowGate, type FlowTarget } from '../../flow/flow-gate.ts';
import type { ByteRange } from '../range.ts';

/** What tells one version of a file from another. */
export interface FileVersion {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** A part of a file, and text in front of it. */
export interface FilePart {
  readonly head: string;
  readonly range: ByteRange;
}

/** Bytes read at a time. */
const BLOCK = 64 * 1024;

/** Never waits, as opening a pipe would, and not through a link that has taken the place of the file. */
const READ = flags('O_RDONLY', 'O_NONBLOCK', 'O_NOFOLLOW');

/** Those flags that this system has. */
function flags(...names: readonly string[]): number {
  const known = constants as Readonly<Record<string, number | undefined>>;
  return names.reduce((all, name) => all | (known[name] ?? 0), 0);
}

/** Opens a file, if it is still the one that it was. */
export async function openSame(path: string, { ino, size, mtimeNs }: FileVersion): Promise<FileHandle> {
  const file = await open(path, READ);
  const now = await file.stat({ bigint: true });
  if (now.ino === ino && now.size === size && now.mtimeNs === mtimeNs) return file;
  await file.close();
  throw new NetworkError('ERR_STATE', `${path} was changed while it was being sent`, { operation: 'send' });
}

/**
 * Parts of a file, one after the other, and text behind them. It is opened when somebody subscribes, and read no faster
 * than the blocks are released; unsubscribing closes it. Errors when it is another file by then, or shorter.
 */
export function fileBody(
  path: string,
  version: FileVersion,
  parts: readonly FilePart[],
  tail = '',
): Observable<Uint8Array> {
  return new Observable((subscriber) => {
    const reading = new FileReading(subscriber, parts, tail);
    subscriber.add(() => reading.stop());
    openSame(path, version).then(
      (file) => reading.begin(file),
      (error: unknown) => subscriber.error(error),
    );
  });
}

/** One subscription of {@link fileBody}. */
class FileReading implements FlowTarget {
  private readonly subscriber: Subscriber<Uint8Array>;
  private readonly gate = new FlowGate({ target: this });
  private readonly parts: readonly FilePart[];
  private readonly tail: string;
  private file: FileHandle | undefined = undefined;
  private part = 0;
  /** Where in the part. */
  private at = -1;
  private isReading = false;
  private isPaused = false;

  constructor(subscriber: Subscriber<Uint8Array>, parts: readonly FilePart[], tail: string) {
    this.subscriber = subscriber;
    this.parts = parts;
    this.tail = tail;
  }

  begin(file: FileHandle): void {
    this.file = file;
    if (this.subscriber.closed) this.stop();
    else this.readOn();
  }

  /** Not before a read in progress has ended, which would be of another file then. */
  stop(): void {
    const { file } = this;
    if (this.isReading || file === undefined) return;
    this.file = undefined;
    this.gate.close();
    file.close().catch(() => undefined); // it was only read
  }

  flowChanged(paused: boolean): void {
    this.isPaused = paused;
    if (!paused) this.readOn();
  }

  private readOn(): void {
    const { file, subscriber } = this;
    if (this.isReading || this.isPaused || file === undefined || subscriber.closed) return;
    this.isReading = true;
    this.next(file).then(
      (bytes) => {
        this.isReading = false;
        this.take(bytes);
      },
      (error: unknown) => {
        this.isReading = false;
        subscriber.error(error);
        this.stop();
      },
    );
  }

  private take(bytes: Uint8Array | undefined): void {
    const { subscriber } = this;
    if (subscriber.closed) {
      this.stop();
    } else if (bytes === undefined) {
      subscriber.complete();
    } else {
      if (bytes.length > 0) this.gate.deliver(subscriber, bytes);
      this.readOn();
    }
  }

  /** The next bytes; `undefined` at the end. */
  private async next(file: FileHandle): Promise<Uint8Array | undefined> {
    const part = this.parts[this.part];
    if (part === undefined) return this.last();
    const { head, range } = part;
    if (this.at < 0) {
      this.at = range.first;
      if (head !== '') return Buffer.from(head, 'latin1');
    }
    const wanted = Math.min(BLOCK, range.last + 1 - this.at);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, this.at);
    if (bytesRead === 0 && wanted > 0)
      throw new NetworkError('ERR_STATE', 'the file became shorter while it was being sent', {
        operation: 'send',
      });
    this.at += bytesRead;
    if (this.at > range.last) {
      this.part++;
      this.at = -1;
    }
    return buffer.subarray(0, bytesRead);
  }

  private last(): Uint8Array | undefined {
    if (this.part++ > this.parts.length || this.tail === '') return undefined;
    return Buffer.from(this.tail, 'latin1');
  }
}
