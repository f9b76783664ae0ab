import { Duplex } from 'node:stream';
import type { NetworkError } from '../../base/errors.ts';
import type { Wire, WireHandler } from '../wire.ts';

type Done = (error?: Error | null) => void;

/** Any wire as a stream of Node, for what works on streams only. */
export class WireStream extends Duplex implements WireHandler {
  private readonly wire: Wire;
  private writing: Done | undefined;
  private destroying: Done | undefined;
  private wireHasEnded = false;
  private wireIsClosed = false;

  constructor(wire: Wire) {
    super({ allowHalfOpen: true, autoDestroy: false });
    this.wire = wire;
    wire.attach(this);
  }

  wireReceived(bytes: Uint8Array): void {
    if (!this.push(bytes)) this.wire.pause();
  }

  wireEnded(): void {
    this.wireHasEnded = true;
    this.push(null);
  }

  wireWritten(): void {
    if (this.wire.unsent > 0) return;
    const { writing } = this;
    this.writing = undefined;
    writing?.();
  }

  wireClosed(error: NetworkError | undefined): void {
    this.wireIsClosed = true;
    if (this.destroying !== undefined) this.destroying(null);
    // After an orderly end, what came before it may still be waiting to be read, here or above.
    else if (error !== undefined || !this.wireHasEnded || this.writing !== undefined) this.destroy(error);
  }

  override _read(): void {
    this.wire.resume();
  }

  override _write(bytes: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.wire.write(bytes);
    this.whenWritten(done);
  }

  override _writev(chunks: { chunk: Uint8Array }[], done: Done): void {
    this.wire.writev(chunks.map(({ chunk }) => chunk));
    this.whenWritten(done);
  }

  override _final(done: Done): void {
    this.wire.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    if (this.wireIsClosed) {
      done(error);
      return;
    }
    this.destroying = () => done(error);
    this.wire.destroy();
  }

  private whenWritten(done: Done): void {
    if (this.wire.unsent === 0) done();
    else this.writing = done;
  }
}
