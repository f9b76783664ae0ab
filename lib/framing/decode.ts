import { Observable, type OperatorFunction, type SchedulerLike, Subscription, asyncScheduler } from 'rxjs';
import { NetworkTimeoutError } from '../base/errors.ts';
import { having, table } from '../base/options.ts';
import type { Decoder } from '../codec/codec.ts';
import { currentGate } from '../flow/emission.ts';
import type { FlowGate } from '../flow/flow-gate.ts';
import { Relay } from '../flow/relay.ts';
import { sizeOf } from '../flow/size-of.ts';
import { FrameTimer } from './frame-timer.ts';

/** Options of {@link decode}. */
export interface DecodeOptions {
  /**
   * Clock for the `frameTimeout` of the codec.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike;
}

/** The half of a codec that receives. */
export interface Decoding<I, M> {
  decoder(): Decoder<I, M>;
  readonly frameTimeout?: number;
}

const checkOptions = table<DecodeOptions>({
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
});

/**
 * Decodes a stream: chunks in, messages out, under the gate that delivered the chunk. Each subscription has its own
 * decoder.
 *
 * Errors with the ProtocolError of the codec (`ERR_FRAME_LENGTH`, `ERR_FRAME_DATA`, `ERR_FRAME_TRUNCATED`), after the
 * messages in front of the fault, and with `ERR_TIMEOUT` (`timeout: 'frame'`) when a message takes longer than the
 * codec's `frameTimeout`, not counting the time during which the gate of the chunks was paused. Completes with its source, once the end has been accepted. Unsubscribing drops what is
 * left of the present chunk.
 *
 * @example
 * connection.receive$.pipe(decode(pack({ flag: 5 }))).subscribe((packet) => console.log(packet.length));
 */
export function decode<I, M>(codec: Decoding<I, M>, options?: DecodeOptions): OperatorFunction<I, M> {
  const { scheduler } = checkOptions(options);
  const { frameTimeout = 0 } = codec;
  return (source) =>
    new Observable((subscriber) => {
      const decoder = codec.decoder();
      const emit = (message: M) => subscriber.next(message);
      const timer =
        frameTimeout > 0
          ? new FrameTimer(frameTimeout, scheduler, () => subscriber.error(frameTimedOut(frameTimeout)))
          : undefined;
      const pauses = timer === undefined ? undefined : new Pauses(timer);
      subscriber.add(() => timer?.stop());
      subscriber.add(pauses);
      source.subscribe(
        new Relay<I, M>(
          subscriber,
          (chunk) => {
            decoder.push(chunk, emit);
            if (subscriber.closed || timer === undefined) return;
            pauses?.follow(currentGate());
            timer.update(decoder.residue, sizeOf(chunk));
          },
          () => {
            decoder.end?.(emit);
            subscriber.complete();
          },
        ),
      );
    });
}

/** Tells a timer when the gate that delivers the chunks is paused. */
class Pauses extends Subscription {
  private readonly timer: FrameTimer;
  private gate: FlowGate | undefined;
  private following: Subscription | undefined;

  constructor(timer: FrameTimer) {
    super(() => this.following?.unsubscribe());
    this.timer = timer;
  }

  follow(gate: FlowGate | undefined): void {
    if (gate === this.gate) return;
    this.gate = gate;
    this.following?.unsubscribe();
    this.following = gate?.paused$.subscribe((paused) => this.timer.readingChanged(!paused));
  }
}

/** @internal A message did not come to its end in time. */
export function frameTimedOut(limit: number): NetworkTimeoutError {
  return new NetworkTimeoutError('frame', limit, 'a message did not come to its end');
}
