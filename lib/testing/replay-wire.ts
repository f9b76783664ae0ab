import type { SchedulerLike, Subscription } from 'rxjs';
import type { NetworkError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Address } from '../transport/address.ts';
import type { Wire, WireHandler } from '../transport/wire.ts';
import { type Step, play } from './replay-script.ts';

/** The wire of a replayed connection: the peer follows a script, what is sent is kept. */
export class ReplayWire implements Wire {
  readonly local: Address;
  readonly remote: Address;
  /** Copies of what was written. */
  readonly written: Uint8Array[] = [];

  private readonly scheduler: SchedulerLike;
  private readonly playing: Subscription;
  /** What the peer has done, and the connection has not noticed. */
  private readonly arrived = new Fifo<Step>();
  private rest: Uint8Array | undefined;
  private handler: WireHandler | undefined;
  private waking: Subscription | undefined;
  private reading = false;
  private peerEnded = false;
  private ended = false;
  private closing = false;

  /** The script begins now. */
  constructor(script: readonly Step[], scheduler: SchedulerLike, local: Address, remote: Address) {
    this.local = local;
    this.remote = remote;
    this.scheduler = scheduler;
    this.playing = play(script, scheduler, (step) => {
      this.arrived.push(step);
      if (this.waking === undefined) this.pump();
    });
  }

  get unsent(): number {
    return this.closing ? Infinity : 0;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.reading = true;
    if (this.waking !== undefined || this.closing) return;
    this.waking = this.scheduler.schedule(() => {
      this.waking = undefined;
      this.pump();
    });
  }

  pause(): void {
    this.reading = false;
  }

  unread(rest: Uint8Array): void {
    this.rest = rest;
  }

  write(bytes: Uint8Array): void {
    if (!this.closing) this.written.push(new Uint8Array(bytes));
  }

  writev(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.write(piece);
  }

  end(): void {
    this.ended = true;
    if (this.peerEnded) this.leave();
  }

  reset(): void {
    this.leave();
  }

  destroy(): void {
    this.leave();
  }

  /** Lets the connection notice what has arrived, as far as it reads. */
  private pump(): void {
    while (!this.closing && this.handler !== undefined) {
      const { rest } = this;
      if (rest !== undefined && this.reading) {
        this.rest = undefined;
        this.handler.wireReceived(rest);
      } else if (rest !== undefined || this.arrived.length === 0 || !this.notice(this.arrived.at(0))) {
        return;
      }
    }
  }

  /** Takes the next step, if the connection is ready for it. */
  private notice(step: Step): boolean {
    if (step.type !== 'fail' && !this.reading) return false;
    this.arrived.shift();
    if (step.type === 'chunk') {
      // The bytes belong to the handler from now on, and the recording may be played again.
      this.handler?.wireReceived(new Uint8Array(step.bytes));
    } else if (step.type === 'end') {
      this.peerEnded = true;
      this.handler?.wireEnded();
      if (this.ended) this.leave();
    } else {
      this.leave(step.error);
    }
    return true;
  }

  private leave(failure?: NetworkError): void {
    if (this.closing) return;
    this.closing = true;
    this.reading = false;
    this.playing.unsubscribe();
    this.waking?.unsubscribe();
    this.scheduler.schedule(() => {
      const { handler } = this;
      this.handler = undefined;
      handler?.wireClosed(failure);
    });
  }
}
