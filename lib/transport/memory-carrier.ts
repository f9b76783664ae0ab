import type { SchedulerLike } from 'rxjs';
import type { InetAddress } from './address.ts';

/** A datagram socket, as far as a carrier has to know it. */
export interface DatagramEnd {
  readonly local: InetAddress;
  readonly isOpen: boolean;
  /** Bytes that it asks to be kept for it; 0 if it does not say. */
  readonly receiveBuffer: number;
}

/** How datagrams get from one socket of a network inside the process to another. */
export interface DatagramCarrier {
  /**
   * Carries one datagram.
   *
   * @param receiver Who would get it now, or `undefined` for nobody.
   * @param arrive To be called on the network's scheduler, each time with bytes of its own: once when the datagram gets
   * there, never when it is lost, twice when it was doubled. Never from inside the call.
   */
  carry(
    bytes: Uint8Array,
    sender: DatagramEnd,
    receiver: DatagramEnd | undefined,
    arrive: (bytes: Uint8Array) => void,
  ): void;
}

/**
 * Carries everything at once and in order, each datagram as one piece of work. It holds so many bytes for one receiver
 * and drops the rest, but one datagram is always taken, as by a kernel.
 */
export function straightCarrier(scheduler: SchedulerLike, capacity: number): DatagramCarrier {
  const onTheWay = new WeakMap<DatagramEnd, number>();
  return {
    carry: (bytes, sender, receiver = sender, arrive) => {
      // An empty datagram takes room, too, or there would be no end to them.
      const size = Math.max(1, bytes.length);
      const held = onTheWay.get(receiver) ?? 0;
      if (held > 0 && held + size > (receiver.receiveBuffer || capacity)) return;
      onTheWay.set(receiver, held + size);
      scheduler.schedule(() => {
        onTheWay.set(receiver, (onTheWay.get(receiver) as number) - size);
        arrive(bytes);
      });
    },
  };
}
