import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import type { NetworkError } from '../../base/errors.ts';
import { FlowGate } from '../../flow/flow-gate.ts';
import { currentGate } from '../../flow/emission.ts';
import { flowMarks } from '../../flow/flow-marks.ts';
import { processFlow } from '../../flow/process-flow.ts';
import type { Lease } from '../../flow/lease.ts';
import { Relay } from '../../flow/relay.ts';
import { clientError } from './client-error.ts';

/** A coding that can be undone. */
export type Coding = 'gzip' | 'deflate' | 'br';

/** Limits of {@link unpacked}. */
export interface UnpackLimits {
  readonly maxLength: number;
}

const MARKS = flowMarks();

/**
 * Unpacks a stream of compressed bytes. What has been taken in and not unpacked holds leases on the gate that has delivered
 * it, or else on `gate`; what comes out is delivered by a gate of its own, and when that asks for a pause, unpacking pauses.
 * Errors with `ERR_HTTP_CODING`. Unsubscribing leaves the source and drops what there is.
 */
export function unpacked(
  coding: Coding,
  gate: FlowGate,
  limits: UnpackLimits,
): OperatorFunction<Uint8Array, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const unpacker = new Unpacker(subscriber, coding, gate, limits);
      subscriber.add(() => unpacker.stop());
      source.subscribe(
        new Relay<Uint8Array, Uint8Array>(
          subscriber,
          (chunk) => unpacker.take(chunk),
          () => unpacker.end(),
        ),
      );
    });
}

/** One stream being unpacked, with the help of Node's zlib. */
class Unpacker {
  private readonly subscriber: Subscriber<Uint8Array>;
  private readonly coding: Coding;
  private readonly source: FlowGate;
  private readonly limits: UnpackLimits;
  private readonly gate: FlowGate;
  private readonly leases = new Set<Lease>();
  private zlib: Transform | undefined = undefined;
  private length = 0;

  constructor(subscriber: Subscriber<Uint8Array>, coding: Coding, source: FlowGate, limits: UnpackLimits) {
    this.subscriber = subscriber;
    this.coding = coding;
    this.source = source;
    this.limits = limits;
    this.gate = new FlowGate({
      marks: MARKS,
      parent: processFlow,
      target: {
        flowChanged: (paused) => {
          if (paused) this.zlib?.pause();
          else this.zlib?.resume();
        },
      },
    });
  }

  take(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const zlib = (this.zlib ??= this.open(chunk[0]!));
    const lease = (currentGate() ?? this.source).lease(chunk.length, 'decompressed');
    this.leases.add(lease);
    zlib.write(chunk, () => {
      this.leases.delete(lease);
      lease.release();
    });
  }

  /** The compressed bytes have ended; a body of nothing at all is nothing. */
  end(): void {
    if (this.zlib === undefined) this.subscriber.complete();
    else this.zlib.end();
  }

  stop(): void {
    for (const lease of this.leases) lease.release();
    this.leases.clear();
    this.gate.close();
    this.zlib?.destroy();
  }

  private open(first: number): Transform {
    const { subscriber, gate } = this;
    const zlib = this.make(first);
    zlib.on('data', (piece: Buffer) => {
      this.length += piece.length;
      if (this.length > this.limits.maxLength) subscriber.error(tooLong(this.length, this.limits.maxLength));
      else gate.deliver(subscriber, piece);
    });
    zlib.on('end', () => subscriber.complete());
    zlib.on('error', (error) => subscriber.error(malformed(this.coding, error)));
    return zlib;
  }

  private make(first: number): Transform {
    if (this.coding === 'gzip') return createGunzip();
    if (this.coding === 'br') return createBrotliDecompress();
    // Some servers leave out the wrapping that belongs to it (RFC 9110 section 8.4.1.2).
    return (first & 0x0f) === 8 ? createInflate() : createInflateRaw();
  }
}

function tooLong(length: number, limit: number): NetworkError {
  const text = `a body has ${length} bytes or more when it is unpacked, ${limit} are allowed (option maxLength)`;
  return clientError('ERR_HTTP_CODING', text);
}

function malformed(coding: Coding, cause: Error): NetworkError {
  return clientError('ERR_HTTP_CODING', `a body is no ${coding}: ${cause.message}`, {
    operation: 'receive',
    cause,
  });
}
