import { Fifo } from '../base/fifo.ts';
import type { Datagram } from './endpoint-events.ts';
import { DATAGRAM_OVERHEAD, type ReceiveQueueOptions } from './endpoint-options.ts';

/** Datagrams that came while nobody may be given any: so many bytes of them and no more. */
export class EndpointIntake {
  private readonly queue = new Fifo<Datagram>();
  private readonly limits: Required<ReceiveQueueOptions>;
  private readonly shed: (datagram: Datagram) => void;
  private weight = 0;

  /** `shed` is told of each datagram that has to go. */
  constructor(limits: Required<ReceiveQueueOptions>, shed: (datagram: Datagram) => void) {
    this.limits = limits;
    this.shed = shed;
  }

  /** Datagrams kept. */
  get length(): number {
    return this.queue.length;
  }

  /** Keeps a datagram, or sheds as many as it takes. */
  push(datagram: Datagram): void {
    const gone: Datagram[] = [];
    const { size, shed } = this.limits;
    const weight = weightOf(datagram);
    while (shed === 'oldest' && weight <= size && this.weight + weight > size) gone.push(this.shift());
    if (this.weight + weight > size) {
      gone.push(datagram);
    } else {
      this.weight += weight;
      this.queue.push(datagram);
    }
    for (const one of gone) this.shed(one); // somebody else's code runs here
  }

  /** The datagram that has waited longest; there has to be one. */
  shift(): Datagram {
    const datagram = this.queue.shift();
    this.weight -= weightOf(datagram);
    return datagram;
  }

  /** Gives up everything. */
  clear(): Datagram[] {
    this.weight = 0;
    return this.queue.clear();
  }
}

function weightOf({ data }: Datagram): number {
  return data.length + DATAGRAM_OVERHEAD;
}
