import { asapScheduler } from 'rxjs';
import { type NetworkError, NetworkTimeoutError } from '../base/errors.ts';
import type { ArqOwner } from '../arq/arq-owner.ts';
import { ArqSession } from '../arq/arq-session.ts';
import { SEGMENT_HEADER } from '../arq/segment.ts';
import type { Deadline } from '../connection/deadline-queue.ts';
import { type Flushable, flushAtTurnEnd } from '../send/flusher.ts';
import type { Address } from '../transport/address.ts';
import type { HandshakeHandler, Handshaking } from '../transport/handshaker.ts';
import type { Wire, WireHandler } from '../transport/wire.ts';
import type { ArqContext } from './arq-context.ts';

/** The wire below, of a session of datagrams. */
export interface DatagramWire extends Wire {
  /** Throws away what nobody above can read. */
  dropMalformed(bytes: number): void;
  /** Ends it without a word to the peer. */
  fail(error: NetworkError): void;
}

/** Bytes of datagrams that may wait in the socket; what would come on top is lost, and repeated in its time. */
const MOST_WAITING = 256 * 1024;

/**
 * Reliable UDP over a session: first the handshake, then a wire on which every message arrives once, whole and in
 * its turn. A message counts as sent when the peer has acknowledged it. Who does not read makes the peer wait.
 */
export class ArqWire implements Wire, WireHandler, ArqOwner, Deadline, Flushable, Handshaking {
  readonly keepsUnits = true;
  readonly mostInFlight: number;
  slot = -1;
  at = 0;

  private readonly below: DatagramWire;
  private readonly context: ArqContext;
  private readonly session: ArqSession;
  /** Until the handshake is done. */
  private shaking: HandshakeHandler | undefined;
  private handler: WireHandler | undefined = undefined;
  private reading = false;
  private waking = false;
  /** A datagram is being taken, after which everything that was written meanwhile is sent. */
  private isTaking = false;
  /** What was written is going to be sent at the end of the turn. */
  private isFlushDue = false;
  private peerHasEnded = false;
  private endIsTold = false;
  private failure: NetworkError | undefined = undefined;
  private isOver = false;

  /** @param id Of the conversation; begins the handshake. */
  constructor(below: DatagramWire, id: number, context: ArqContext, shaking: HandshakeHandler) {
    const { settings } = context;
    this.below = below;
    this.context = context;
    this.shaking = shaking;
    // What the window takes, and as much again, so that it never runs dry.
    this.mostInFlight = 2 * settings.sendWindow * (settings.maxTransUnit - SEGMENT_HEADER);
    this.session = new ArqSession(id, settings, this);
    this.session.pause();
    below.attach(this);
    below.resume();
    this.session.start(context.now());
    this.arm();
  }

  get local(): Address {
    return this.below.local;
  }

  get remote(): Address {
    return this.below.remote;
  }

  get unsent(): number {
    return this.isOver ? Infinity : this.session.kcp.waitingBytes;
  }

  /** Segments that the peer has not acknowledged; twin of `GetWaitingSendMessageCount`. */
  get waitingSegments(): number {
    return this.isOver ? 0 : this.session.kcp.waiting;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.reading = true;
    if (this.waking) return;
    this.waking = true;
    asapScheduler.schedule(() => {
      this.waking = false;
      this.deliver();
    });
  }

  pause(): void {
    this.reading = false;
    this.session.pause();
  }

  unread(): void {
    throw new Error('messages are not cut, so that there is never a rest');
  }

  write(message: Uint8Array): void {
    if (this.isOver) return;
    const { session } = this;
    try {
      session.queue(message, this.context.now());
    } catch (error) {
      // It may come to its end at this very moment, since it looks at the clock first.
      if (session.state === 'over') return;
      throw error;
    }
    this.flushLater();
  }

  writev(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.write(piece);
  }

  end(): void {
    // The peer may wait for the acknowledgement of what it said last.
    if (!this.isOver) this.session.flush(this.context.now());
    this.leave();
    this.below.end();
  }

  reset(): void {
    this.leave();
    this.below.reset();
  }

  destroy(): void {
    this.leave();
    this.below.destroy();
  }

  abort(): void {
    this.shaking = undefined;
    this.destroy();
  }

  /** The turn is over in which messages were written: what fits into one datagram goes in one. */
  flush(): void {
    this.isFlushDue = false;
    if (this.isOver) return;
    this.session.flush(this.context.now());
    this.arm();
  }

  /** It is time for what has to be repeated. */
  due(): void {
    this.session.update(this.context.now());
    this.arm();
  }

  // ---- from the session of reliable UDP ------------------------------------------------------------------------

  datagram(bytes: Uint8Array): void {
    // Whoever has left must not take it for the beginning of a new session.
    if (this.peerHasEnded) return;
    // Lost like any other datagram; what waits already is more than the peer can take now.
    if (this.below.unsent > MOST_WAITING) return;
    this.below.write(Uint8Array.prototype.slice.call(bytes));
  }

  ready(): void {
    const { shaking } = this;
    this.shaking = undefined;
    shaking?.done(this);
  }

  message(bytes: Uint8Array): void {
    this.handler?.wireReceived(bytes);
  }

  dropped(datagram: Uint8Array): void {
    this.below.dropMalformed(datagram.length);
  }

  failed(error: NetworkError): void {
    this.failure = error;
    this.leave();
    // Who gives no answer gets no notice, either, and it would end the next session of a peer that has restarted.
    const isGone = error instanceof NetworkTimeoutError || error.code === 'ERR_PEER_RESTARTED';
    if (isGone) this.below.fail(error);
    else this.below.destroy();
  }

  // ---- from the wire below -------------------------------------------------------------------------------------

  wireReceived(datagram: Uint8Array): void {
    const before = this.unsent;
    this.isTaking = true;
    try {
      this.session.input(datagram, this.context.now());
    } finally {
      this.taken();
    }
    if (this.unsent < before) this.handler?.wireWritten();
  }

  wireEnded(): void {
    this.peerHasEnded = true;
    this.arm();
    if (this.shaking !== undefined) this.below.end();
    // Unread messages come before the end.
    else if (this.reading || !this.session.kcp.hasMessage) this.tellEnd();
  }

  wireWritten(): void {
    // Progress is what the peer acknowledges.
  }

  wireFault(error: NetworkError): void {
    this.handler?.wireFault?.(error);
  }

  wireDropped(...about: Parameters<NonNullable<WireHandler['wireDropped']>>): void {
    this.handler?.wireDropped?.(...about);
  }

  wireClosed(error: NetworkError | undefined): void {
    const { handler, shaking } = this;
    const failure = this.failure ?? error;
    this.leave();
    this.handler = this.shaking = undefined;
    shaking?.failed(failure);
    handler?.wireClosed(failure);
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  /** Hands over what has come while nobody read. */
  private deliver(): void {
    if (!this.reading || this.isOver) return;
    this.isTaking = true;
    try {
      this.session.resume(this.context.now());
    } finally {
      this.taken();
    }
    if (this.peerHasEnded && this.isStillReading()) this.tellEnd();
  }

  /** The peer has left, and everything that it said has been handed over; it will not acknowledge anything, either. */
  private tellEnd(): void {
    if (this.endIsTold) return;
    this.endIsTold = true;
    this.handler?.wireEnded();
    this.loseUnsent();
  }

  private loseUnsent(): void {
    if (!this.isOver && this.endIsTold && this.session.kcp.waiting > 0) this.destroy();
  }

  /** The session has sent what was written meanwhile. */
  private taken(): void {
    this.isTaking = false;
    this.arm();
  }

  private flushLater(): void {
    if (this.peerHasEnded) this.loseUnsent();
    else if (!this.isTaking && !this.isFlushDue) {
      this.isFlushDue = true;
      flushAtTurnEnd(this);
    }
  }

  /** Asked again, after somebody else's code has run. */
  private isStillReading(): boolean {
    return this.reading && !this.isOver;
  }

  /** Makes the timer ring in time. One that rings too early costs less than setting it anew for each datagram. */
  private arm(): void {
    const { deadlines } = this.context;
    if (this.isOver || this.peerHasEnded) {
      deadlines.clear(this);
      return;
    }
    const { nextAt } = this.session;
    if (nextAt < (this.slot < 0 ? Infinity : this.at))
      deadlines.set(this, Math.max(nextAt, this.context.now()));
  }

  private leave(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.reading = false;
    this.session.close();
    this.context.deadlines.clear(this);
  }
}
