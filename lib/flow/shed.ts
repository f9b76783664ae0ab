import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { callback, flag, having, integer, table } from '../base/options.ts';
import type { FlowGate } from './flow-gate.ts';
import { Relay } from './relay.ts';
import { Tracker, type TrackingOptions } from './untracked.ts';

/** Options of {@link shed}. */
export interface ShedOptions<T> extends TrackingOptions {
  /**
   * Leased bytes at or above which values are dropped. 1 to 2^40.
   * @default 131072 (128 KiB, half of the mark at which a connection pauses)
   */
  readonly above?: number;
  /**
   * Leased items at or above which values are dropped.
   * @default 512
   */
  readonly aboveItems?: number;
  /** Told of every dropped value and of how many this subscription has dropped, that one included. */
  readonly onShed?: ((value: T, count: number) => void) | undefined;
}

const checkOptions = table<ShedOptions<never>>({
  above: integer({ min: 1, max: 2 ** 40, fallback: 128 * 1024 }),
  aboveItems: integer({ min: 1, max: 2 ** 40, fallback: 512 }),
  onShed: callback(),
  gate: having<FlowGate | undefined>('lease', 'a FlowGate', undefined),
  strictFlow: Object.assign(flag(false), { fallback: undefined }),
});

/**
 * Drops values while those behind it are too slow, for sources where losing the newest is better than pausing:
 * datagrams, measurements, positions. "Too slow" is what the gate that delivers the value knows: the leases that
 * flow-aware operators further down have taken on it. Do not use it on raw bytes.
 *
 * An untracked value passes. Completes and errors with its source; keeps nothing, so unsubscribing drops nothing.
 *
 * @example
 * session.receive$.pipe(
 *   shed({ above: 64 * 1024, onShed: (_, count) => metrics.set('dropped', count) }),
 *   flowForEach((datagram) => store(datagram)),
 * );
 */
export function shed<T>(options: ShedOptions<T> = {}): MonoTypeOperatorFunction<T> {
  const { above, aboveItems, onShed, gate, strictFlow } = checkOptions(options);
  const tell = onShed as ((value: T, count: number) => void) | undefined;
  return (source) =>
    new Observable((subscriber) => {
      const tracker = new Tracker('shed', { gate, strictFlow });
      let dropped = 0;
      source.subscribe(
        new Relay<T, T>(subscriber, (value) => {
          const on = tracker.gate();
          if (on === undefined || (on.leased < above && on.items < aboveItems)) subscriber.next(value);
          else tell?.(value, ++dropped);
        }),
      );
    });
}
