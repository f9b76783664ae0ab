import type { Transform } from 'node:stream';
import { EMPTY, Observable, type OperatorFunction, type Subscriber, concat, defer } from 'rxjs';
import { type BytesLike, toBytes } from '../bytes/bytes-like.ts';
import { FlowGate, type FlowTarget } from '../flow/flow-gate.ts';
import { mapWithLeases } from '../flow/flow-map.ts';
import { processFlow } from '../flow/process-flow.ts';
import { Relay } from '../flow/relay.ts';
import type { TrackingOptions } from '../flow/untracked.ts';
import { tooLong } from './inflate-error.ts';

/** A stream of node:zlib. */
export type ZlibStream = Transform;

/** What {@link throughZlib} needs. */
export interface ZlibWork {
  /** Name of the operator, by which its leases are known. */
  readonly name: string;
  readonly create: () => ZlibStream;
  /** Most bytes that may come out; 0 is no limit. */
  readonly maxLength: number;
  /** An error of the stream in the words of this library. */
  readonly fault: (error: unknown) => unknown;
  readonly tracking: TrackingOptions;
}

/** Sends bytes through a stream of node:zlib, one chunk at a time, with flow control on both sides of it. */
export function throughZlib(work: ZlibWork): OperatorFunction<BytesLike, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const engine = new Engine(work);
      subscriber.add(() => engine.destroy());
      const chunks = mapWithLeases<BytesLike, Observable<Uint8Array>>(
        work.name,
        (chunk) => engine.write(toBytes(chunk)),
        work.tracking,
      );
      concat(
        source.pipe(chunks),
        defer(() => engine.end()),
      ).subscribe(
        new Relay<Uint8Array, Uint8Array>(subscriber, (bytes, receiver) => engine.deliver(receiver, bytes)),
      );
    });
}

/** The stream of one subscription, and who is given what comes out of it at present. */
class Engine implements FlowTarget {
  private readonly stream: ZlibStream;
  private readonly work: ZlibWork;
  /** Leases of those behind us; over its marks, the stream stands still. */
  private readonly gate: FlowGate;
  private receiver: Subscriber<Uint8Array> | undefined = undefined;
  /** What went in has been worked on; what came of it may still be on its way. */
  private isTaken = false;
  private length = 0;
  private failure: { readonly error: unknown } | undefined = undefined;
  private ended = false;

  constructor(work: ZlibWork) {
    this.work = work;
    this.gate = new FlowGate({ parent: processFlow, target: this });
    this.stream = work.create();
    this.stream.on('data', (bytes: Buffer) => this.produced(bytes));
    this.stream.on('end', () => this.finished());
    this.stream.on('error', (error) => this.fail(work.fault(error)));
  }

  /** Works on a chunk; completes when it can be forgotten. */
  write(chunk: Uint8Array): Observable<Uint8Array> {
    // What follows the end of compressed data is of no interest.
    if (this.ended || chunk.length === 0) return EMPTY;
    return this.run((done) => this.stream.write(chunk, done));
  }

  /** Nothing more goes in; completes when everything has come out. */
  end(): Observable<Uint8Array> {
    if (this.ended) return EMPTY;
    return this.run(() => this.stream.end());
  }

  deliver(receiver: Subscriber<Uint8Array>, bytes: Uint8Array): void {
    this.gate.deliver(receiver, bytes);
  }

  flowChanged(paused: boolean): void {
    if (paused) this.stream.pause();
    else this.stream.resume();
  }

  destroy(): void {
    this.receiver = undefined;
    this.gate.close();
    this.stream.destroy();
  }

  private run(start: (done: () => void) => void): Observable<Uint8Array> {
    return new Observable((receiver) => {
      this.receiver = receiver;
      this.isTaken = false;
      if (this.failure !== undefined) receiver.error(this.failure.error);
      else start(() => this.taken());
    });
  }

  /** A chunk has been worked on, or the stream has failed, which has its own event. */
  private taken(): void {
    this.isTaken = true;
    this.completeIfDone();
  }

  private completeIfDone(): void {
    if (this.isTaken && this.failure === undefined && this.stream.readableLength === 0) {
      this.receiver?.complete();
    }
  }

  private produced(bytes: Buffer): void {
    const { maxLength } = this.work;
    this.length += bytes.length;
    if (maxLength > 0 && this.length > maxLength) this.fail(tooLong(maxLength));
    else {
      this.receiver?.next(bytes);
      this.completeIfDone();
    }
  }

  private finished(): void {
    this.ended = true;
    this.receiver?.complete();
  }

  private fail(error: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = { error };
    this.receiver?.error(error);
  }
}
