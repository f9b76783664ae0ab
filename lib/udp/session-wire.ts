import { asapScheduler } from 'rxjs';
import { type NetworkError, NetworkTimeoutError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import type { Deadline } from '../connection/deadline-queue.ts';
import type { InetAddress } from '../transport/address.ts';
import type { DatagramDropReason, Wire, WireHandler } from '../transport/wire.ts';
import { isCloseNotice } from './close-notice.ts';
import type { SessionSocket } from './session-socket.ts';

/** What a queued datagram counts for besides its bytes. */
const OVERHEAD = 128;

/** Of so many sends, less one, the system is asked about one: the first, the seventeenth, … */
const ASKING = 15;

/** Milliseconds from one answer to a heartbeat to the next; peers send them a second apart at the least. */
const ANSWER_GAP = 10;

/**
 * One session: what one peer and we send each other over a socket that may serve many. Heartbeats and close notices
 * stay in here; above, one write is one datagram and one read is one.
 */
export class SessionWire implements Wire, Deadline {
  readonly keepsUnits = true;
  readonly remote: InetAddress;
  /** @internal Under what the socket knows it. */
  readonly key: string;
  slot = -1;
  at = 0;
  /** @internal Bytes that the socket keeps because the system has taken enough for now. */
  waiting = 0;
  /** @internal Neither direction is used any more. */
  isOver = false;

  private readonly socket: SessionSocket;
  private handler: WireHandler | undefined = undefined;
  private sends = 0;
  private reading = false;
  private queue: Fifo<Uint8Array> | undefined = undefined;
  private queued = 0;
  private draining = false;
  /** When the next heartbeat may be answered. */
  private answersFrom = 0;
  /** Looks at the peer in a row that found nothing new. */
  private missed = 0;
  private peerHasEnded = false;
  /** The handler knows that the peer has ended. */
  private endTold = false;

  constructor(socket: SessionSocket, remote: InetAddress, key: string) {
    this.socket = socket;
    this.remote = remote;
    this.key = key;
  }

  get local(): InetAddress {
    return this.socket.local;
  }

  get unsent(): number {
    return this.isOver ? Infinity : this.waiting;
  }

  /** Whether somebody has taken it; a wire whose peer was turned away never is. */
  get isAttached(): boolean {
    return this.handler !== undefined;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.reading = true;
    if (this.queued > 0) this.drainLater();
  }

  pause(): void {
    this.reading = false;
  }

  unread(rest: Uint8Array): void {
    const behind = this.queue?.clear() ?? [];
    this.queue = new Fifo();
    for (const datagram of [rest, ...behind]) this.queue.push(datagram);
    this.count(rest.length + OVERHEAD);
    if (this.reading) this.drainLater();
  }

  write(datagram: Uint8Array): void {
    if (!this.isOver) this.socket.transmit(this, datagram);
  }

  writev(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.write(piece);
  }

  end(): void {
    this.leave(undefined);
  }

  reset(): void {
    this.leave(undefined);
  }

  destroy(): void {
    this.leave(undefined);
  }

  // ---- for the socket ------------------------------------------------------------------------------------------

  /** The session begins: from now on the peer is watched. */
  begin(): void {
    if (this.isOver) return;
    const { socket } = this;
    const { detect, heartbeat } = socket.settings;
    if (heartbeat && socket.probes) socket.sendHeartbeat(this);
    if (detect.interval > 0 && detect.attempts > 0)
      socket.deadlines.set(this, socket.now() + detect.interval);
  }

  /** A datagram of the peer. */
  take(datagram: Uint8Array): void {
    if (this.isOver) return;
    const { settings } = this.socket;
    this.missed = 0;
    const { length } = datagram;
    if (this.peerHasEnded) {
      this.drop('unknown-peer', length);
    } else if (length === 0) {
      this.answerHeartbeat();
    } else if (settings.closeNotice && isCloseNotice(datagram)) {
      this.peerHasEnded = true;
      // What has come before the end comes before it here, too.
      if (this.queued === 0) this.tellEnd();
    } else if (length > settings.maxDatagramSize) {
      this.drop('oversized', length);
    } else if (this.reading && this.queued === 0) {
      this.handler?.wireReceived(datagram);
    } else {
      this.keep(datagram);
    }
  }

  /**
   * Whether it need not be known if the next datagram can be sent: what keeps one from leaving keeps others, too, and to
   * ask each time costs a twentieth of the time that a datagram takes.
   */
  isRoutine(): boolean {
    this.sends = (this.sends + 1) & ASKING;
    return this.sends !== 1;
  }

  /** It is time to look at the peer. */
  due(): void {
    const { socket } = this;
    const { interval, attempts } = socket.settings.detect;
    if (this.missed >= attempts) {
      const silent = interval * (attempts + 1);
      this.fail(new NetworkTimeoutError('detect', silent, 'the peer gave no sign of life'));
      return;
    }
    this.missed++;
    if (socket.probes && socket.settings.heartbeat) socket.sendHeartbeat(this);
    // Who has been away himself cannot say what the peer did meanwhile, and looks again in a full interval.
    const next = this.at + interval;
    const now = socket.now();
    socket.deadlines.set(this, next > now ? next : now + interval);
  }

  /** Datagrams that had to wait have been taken, as far as {@link waiting} says. */
  written(): void {
    this.handler?.wireWritten();
  }

  /** A datagram to the peer could not be sent, or its system refused one. */
  fault(error: NetworkError): void {
    if (this.isOver) return;
    if (error.code === 'ECONNREFUSED') this.fail(error);
    else this.handler?.wireFault?.(error);
  }

  /** Throws away what nobody above can read. */
  dropMalformed(bytes: number): void {
    this.drop('malformed', bytes);
  }

  /** The session is over without a word to the peer. */
  fail(error: NetworkError | undefined): void {
    this.peerHasEnded = true;
    this.leave(error);
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  /** The peer has left, and all that it said has been heard: it is not looked after any more. */
  private tellEnd(): void {
    if (this.endTold || this.isOver) return;
    this.endTold = true;
    this.socket.deadlines.clear(this);
    this.handler?.wireEnded();
  }

  /**
   * Servers answer. Were each one answered at once, a heartbeat in the name of another server would go to and fro
   * between the two as fast as they can.
   */
  private answerHeartbeat(): void {
    const { socket } = this;
    if (!socket.settings.heartbeat || socket.probes) return;
    const now = socket.now();
    if (now >= this.answersFrom && socket.sendHeartbeat(this)) this.answersFrom = now + ANSWER_GAP;
  }

  private keep(datagram: Uint8Array): void {
    const { socket } = this;
    const size = datagram.length + OVERHEAD;
    const { shed, session, socket: all } = socket.settings.receiveQueue;
    /** Whether it fits when so much of what waits has gone. */
    const fits = (gone = 0) => this.queued - gone + size <= session && socket.queued - gone + size <= all;
    if (!fits(shed === 'oldest' ? this.queued : 0)) {
      this.drop('queue-full', datagram.length);
      return;
    }
    const queue = (this.queue ??= new Fifo());
    while (!fits()) this.drop('queue-full', this.next().length);
    queue.push(datagram);
    this.count(size);
    if (this.reading) this.drainLater();
  }

  /** Takes the first datagram out of the queue. */
  private next(): Uint8Array {
    const datagram = (this.queue as Fifo<Uint8Array>).shift();
    this.count(-datagram.length - OVERHEAD);
    return datagram;
  }

  private count(bytes: number): void {
    this.queued += bytes;
    this.socket.queued += bytes;
  }

  private drainLater(): void {
    if (this.draining) return;
    this.draining = true;
    asapScheduler.schedule(() => {
      this.draining = false;
      this.drain();
    });
  }

  private drain(): void {
    const { queue } = this;
    while (queue !== undefined && queue === this.queue && queue.length > 0 && this.reading && !this.isOver)
      this.handler?.wireReceived(this.next());
    if (this.peerHasEnded && this.queued === 0) this.tellEnd();
  }

  private drop(reason: DatagramDropReason, bytes: number): void {
    this.socket.counts.drop(reason, bytes);
    this.handler?.wireDropped?.(reason, bytes);
  }

  private leave(error: NetworkError | undefined): void {
    if (this.isOver) return;
    if (!this.peerHasEnded) this.socket.sendCloseNotice(this);
    this.isOver = true;
    this.reading = false;
    this.count(-this.queued);
    this.queue = undefined;
    this.socket.sessionOver(this);
    asapScheduler.schedule(() => {
      const { handler } = this;
      this.handler = undefined;
      handler?.wireClosed(error);
    });
  }
}
