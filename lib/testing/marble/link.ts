import { asapScheduler } from 'rxjs';
import { NetworkError } from '../../base/errors.ts';
import type { Address } from '../../transport/address.ts';
import type { Wire, WireHandler } from '../../transport/wire.ts';
import { Lane } from './lane.ts';

/** What the links of a net have in common. */
export interface LinkSettings {
  /** Milliseconds from one end to the other. */
  readonly latency: number;
  /** Something is going to happen; false when too much has, and nothing may any more. */
  readonly allow: () => boolean;
}

/** Longest read, in bytes. */
const READ_SIZE = 64 * 1024;

/** Two ends, joined; each end reads through a window of its own. */
export function link(
  settings: LinkSettings,
  near: { readonly address: Address; readonly window: number },
  far: { readonly address: Address; readonly window: number },
): readonly [LinkEnd, LinkEnd] {
  const there = new Lane(settings.latency, far.window);
  const back = new Lane(settings.latency, near.window);
  const first = new LinkEnd(settings, near.address, far.address, there, back);
  const second = new LinkEnd(settings, far.address, near.address, back, there);
  there.join(first, second);
  back.join(second, first);
  return [first, second];
}

/**
 * One end of a connection in virtual time. Each write travels for itself: it is one read at the other end, unless the
 * window cuts it. Reads and ends are told by `asapScheduler`, which comes before timers of the same frame.
 */
export class LinkEnd implements Wire {
  readonly local: Address;
  readonly remote: Address;
  /** Called when this end is over. */
  whenClosed: (() => void) | undefined;

  private readonly settings: LinkSettings;
  private readonly outgoing: Lane;
  private readonly incoming: Lane;
  private handler: WireHandler | undefined;
  private reading = false;
  private readScheduled = false;
  private finSeen = false;
  private over = false;
  private failure: NetworkError | undefined;

  constructor(settings: LinkSettings, local: Address, remote: Address, outgoing: Lane, incoming: Lane) {
    this.settings = settings;
    this.local = local;
    this.remote = remote;
    this.outgoing = outgoing;
    this.incoming = incoming;
  }

  get unsent(): number {
    return this.over ? Infinity : this.outgoing.waiting.length;
  }

  /** Whether this end has closed: nothing can arrive here any more. */
  get isOver(): boolean {
    return this.over;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.reading = true;
    this.wake();
  }

  pause(): void {
    this.reading = false;
  }

  unread(rest: Uint8Array): void {
    this.incoming.giveBack(rest);
  }

  write(bytes: Uint8Array): void {
    if (this.over || !this.settings.allow()) return;
    // A copy, as the kernel would make one; the caller may use the memory again.
    this.outgoing.write(Uint8Array.prototype.slice.call(bytes));
  }

  writev(pieces: readonly Uint8Array[]): void {
    if (this.over || !this.settings.allow()) return;
    this.outgoing.write(Buffer.concat(pieces));
  }

  end(): void {
    if (this.over) return;
    this.outgoing.end();
    asapScheduler.schedule(() => this.closeIfOver());
  }

  reset(): void {
    if (this.over) return;
    this.leave();
    this.outgoing.reset();
  }

  destroy(): void {
    if (this.over) return;
    const unread = this.incoming.arrived.length > 0;
    this.leave();
    if (unread) this.outgoing.reset();
    else this.outgoing.cutOff();
  }

  /** The lane to this end has something new: bytes, or FIN. */
  wake(): void {
    if (!this.reading || this.readScheduled || this.over) return;
    this.readScheduled = true;
    asapScheduler.schedule(() => {
      this.readScheduled = false;
      this.read();
    });
  }

  /** The lane from this end has taken some of what waited. */
  written(): void {
    asapScheduler.schedule(() => {
      if (this.over) return;
      this.handler?.wireWritten();
      this.closeIfOver();
    });
  }

  /** RST has come from the other end. */
  wasReset(): void {
    if (this.over) return;
    this.incoming.clear();
    this.failure = new NetworkError('ECONNRESET', 'the peer has reset the connection', {
      operation: 'receive',
    });
    this.leave();
  }

  private read(): void {
    if (!this.reading || this.over || !this.settings.allow()) return;
    const { incoming } = this;
    const bytes = incoming.take(READ_SIZE);
    if (bytes !== undefined) {
      this.wake();
      this.handler?.wireReceived(bytes);
    } else if (incoming.finArrived && !this.finSeen) {
      this.finSeen = true;
      this.handler?.wireEnded();
      this.closeIfOver();
    }
  }

  /** The end is over when it has seen the other's FIN and its own has left. */
  private closeIfOver(): void {
    if (this.finSeen && this.outgoing.finSent) this.leave();
  }

  private leave(): void {
    if (this.over) return;
    this.over = true;
    this.reading = false;
    asapScheduler.schedule(() => {
      const { handler } = this;
      this.handler = undefined;
      this.whenClosed?.();
      handler?.wireClosed(this.failure);
    });
  }
}
