import { createBrotliCompress, createDeflate, createGzip, constants } from 'node:zlib';
import type { Transform } from 'node:stream';
import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import { type BytesLike, toBytes } from '../../bytes/bytes-like.ts';
import { currentGate } from '../../flow/emission.ts';
import { FlowGate, type FlowTarget } from '../../flow/flow-gate.ts';
import type { Lease } from '../../flow/lease.ts';
import { Relay } from '../../flow/relay.ts';
import type { ContentCoding } from '../negotiate.ts';

/** How hard a coding tries. */
export interface CompressionLevels {
  readonly gzipLevel: number;
  readonly brotliQuality: number;
  /** Whether every part can be read as soon as it has come. */
  readonly flush: boolean;
}

/**
 * Compresses a body. A part holds a lease on the gate that delivered it until it has been compressed, and what comes out
 * waits while somebody keeps it, so that both sides are bounded. Errors and completes with the source; unsubscribing
 * stops at once.
 */
export function compressBody(
  coding: Exclude<ContentCoding, 'identity'>,
  levels: CompressionLevels,
): OperatorFunction<BytesLike, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const compression = new Compression(compressorFor(coding, levels), subscriber);
      subscriber.add(() => compression.stop());
      source.subscribe(
        new Relay<BytesLike, Uint8Array>(
          subscriber,
          (part) => compression.take(part),
          () => compression.end(),
        ),
      );
    });
}

function compressorFor(
  coding: ContentCoding,
  { gzipLevel, brotliQuality, flush }: CompressionLevels,
): Transform {
  if (coding !== 'br') {
    const options = { level: gzipLevel, flush: flush ? constants.Z_SYNC_FLUSH : constants.Z_NO_FLUSH };
    return coding === 'gzip' ? createGzip(options) : createDeflate(options);
  }
  const { BROTLI_PARAM_QUALITY, BROTLI_OPERATION_FLUSH, BROTLI_OPERATION_PROCESS } = constants;
  return createBrotliCompress({
    params: { [BROTLI_PARAM_QUALITY]: brotliQuality },
    flush: flush ? BROTLI_OPERATION_FLUSH : BROTLI_OPERATION_PROCESS,
  });
}

/** One subscription of {@link compressBody}. */
class Compression implements FlowTarget {
  private readonly stream: Transform;
  private readonly gate = new FlowGate({ target: this });
  private readonly leases = new Set<Lease>();

  constructor(stream: Transform, subscriber: Subscriber<Uint8Array>) {
    this.stream = stream;
    stream.on('data', (chunk: Uint8Array) => this.gate.deliver(subscriber, chunk));
    stream.on('end', () => subscriber.complete());
    stream.on('error', (error) => subscriber.error(error));
  }

  take(part: BytesLike): void {
    const bytes = toBytes(part);
    if (bytes.length === 0) return;
    const lease = currentGate()?.lease(bytes.length, 'compressed');
    if (lease !== undefined) this.leases.add(lease);
    this.stream.write(bytes, () => {
      if (lease === undefined) return;
      this.leases.delete(lease);
      lease.release();
    });
  }

  end(): void {
    this.stream.end();
  }

  stop(): void {
    this.stream.destroy();
    this.gate.close();
    for (const lease of this.leases) lease.release();
    this.leases.clear();
  }

  flowChanged(paused: boolean): void {
    if (paused) this.stream.pause();
    else this.stream.resume();
  }
}
