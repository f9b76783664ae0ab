import { Observable, type OperatorFunction, type Subscriber } from 'rxjs';
import type { BytesLike } from '../bytes/bytes-like.ts';
import { toBytes } from '../bytes/bytes-like.ts';
import { currentGate } from '../flow/emission.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import { Relay } from '../flow/relay.ts';
import { Outbox } from './outbox.ts';
import { type SendPolicy, sendPolicy } from './send-policy.ts';

/**
 * Joins the bytes that arrive within one turn into one chunk: a send policy as a plain operator.
 *
 * `pack` emits one chunk a turn, `safe` chunks of at most 64 KiB, `direct` every value by itself. Chunks are
 * emitted under the gate that delivered their bytes, so flow-aware operators may follow. Completion of the source
 * lets out what waits; an error or unsubscribing drops it.
 *
 * @param policy @default `sendPolicy.pack()`
 *
 * @example
 * log$.pipe(coalesce(), sendTo(connection));
 */
export function coalesce(policy: SendPolicy = sendPolicy.pack()): OperatorFunction<BytesLike, Uint8Array> {
  return (source) =>
    new Observable((subscriber) => {
      const batches = new Batches(subscriber, policy);
      source.subscribe(
        new Relay<BytesLike, Uint8Array>(
          subscriber,
          (value) => batches.add(toBytes(value)),
          () => {
            batches.flush();
            subscriber.complete();
          },
        ),
      );
    });
}

class Batches {
  private readonly outbox: Outbox;
  private gate: FlowGate | undefined;

  constructor(subscriber: Subscriber<Uint8Array>, policy: SendPolicy) {
    const emit = (bytes: Uint8Array) => {
      if (this.gate === undefined || this.gate === currentGate()) subscriber.next(bytes);
      else this.gate.deliver(subscriber, bytes);
    };
    this.outbox = new Outbox(
      {
        unsent: 0,
        write: (bytes) => emit(Buffer.from(bytes)),
        writev: (pieces) => emit(Buffer.concat(pieces)),
      },
      { observesSent: false, bytesSent: ignore, pendingChanged: ignore, overflowed: ignore },
      policy,
      { highPending: Infinity, maxPending: Infinity, overflow: 'error' },
    );
  }

  add(bytes: Uint8Array): void {
    const gate = currentGate();
    if (gate !== this.gate) this.outbox.flush();
    this.gate = gate;
    this.outbox.send(bytes);
  }

  flush(): void {
    this.outbox.flush();
  }
}

const ignore = () => undefined;
