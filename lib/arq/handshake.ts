import { NetworkError, NetworkTimeoutError } from '../base/errors.ts';
import type { ArqSettings } from './arq-options.ts';
import { handshakeBytes, readHandshake } from './handshake-packet.ts';

/** Longest time between two packets, in milliseconds. */
const LONGEST_GAP = 2000;

/** What a {@link Handshake} is set up with. */
export type HandshakeSettings = Pick<ArqSettings, 'flushInterval' | 'handshakeTimeout'>;

/**
 * How two sides learn each other's ids before they speak KCP.
 *
 * Each sends its id until it has seen, in a packet of the other side, that it has arrived; then it is *ready*. It goes
 * on, and says so, until the other side says the same; then the handshake is *complete*. Packets are repeated 2, 4, 6 …
 * flush intervals after one another, but at least every two seconds; a packet of the peer can bring out one that is
 * due, even when all is complete, in case the peer has missed it.
 *
 * Sans-IO; times are milliseconds of a clock that does not go backwards.
 */
export class Handshake {
  /** Our id, and the number of our conversation. */
  readonly id: number;
  /** The peer's id; 0 as long as it is unknown. */
  peerId = 0;
  /** Our id has reached the peer. */
  isReady = false;
  /** The peer is ready, too, and need not be told that we are. */
  isComplete = false;
  private readonly interval: number;
  private readonly timeout: number;
  private readonly emit: (packet: Uint8Array) => void;
  private begun = 0;
  private nextSend = Infinity;
  /** Packets sent since something new was said. */
  private repeats = 0;
  private hasHeardData = false;

  /** @param id 1 to 2^32 - 1. */
  constructor(id: number, settings: HandshakeSettings, emit: (packet: Uint8Array) => void) {
    this.id = id;
    this.interval = settings.flushInterval;
    this.timeout = settings.handshakeTimeout;
    this.emit = emit;
  }

  /** When `update` has something to do; it is called at the first flush after that. */
  get nextAt(): number {
    return this.isComplete ? Infinity : Math.min(this.nextSend, this.begun + this.timeout);
  }

  /** Sends the first packet. */
  start(now: number): void {
    this.begun = now;
    this.send(now);
  }

  /**
   * Takes a packet of 12 bytes.
   *
   * @returns Whether it made us ready.
   * @throws ProtocolError `ERR_FRAME_DATA` when it is no handshake packet.
   * @throws NetworkError `ERR_PEER_RESTARTED` when the peer is not the one that we became ready with, or does not know
   * us any more.
   */
  input(packet: Uint8Array, now: number): boolean {
    const { isComplete, from, to } = readHandshake(packet);
    const isForUs = to === this.id;
    const wasReady = this.isReady;
    if (wasReady) this.recognise(from, to, now);
    else if (isForUs) this.isReady = true;
    if (isForUs && isComplete) this.isComplete = true;
    if (from !== this.peerId) {
      this.peerId = from;
      this.repeats = 0;
      this.send(now);
    } else if (now >= this.nextSend) this.send(now);
    return !wasReady && this.isReady;
  }

  /** A datagram with data came: the peer must be ready, whether its packet that says so arrives or not. */
  heardData(): void {
    this.hasHeardData = true;
  }

  /**
   * Sends a packet again if it is time.
   *
   * @throws NetworkTimeoutError `ERR_TIMEOUT` when there has been time enough.
   */
  update(now: number): void {
    if (this.isComplete) return;
    if (now - this.begun >= this.timeout) this.giveUp();
    else if (now >= this.nextSend) this.send(now);
  }

  private giveUp(): void {
    if (this.isReady && this.hasHeardData) {
      this.isComplete = true;
      return;
    }
    const what = 'the handshake was not complete';
    throw new NetworkTimeoutError('handshake', this.timeout, what, 'arq.handshakeTimeout');
  }

  private recognise(from: number, to: number, now: number): void {
    // A packet from before the peer knew us may be late, but not that late.
    const isLate = to === 0 && now - this.begun > 2 * this.timeout;
    if (from === this.peerId && (to === this.id || to === 0) && !isLate) return;
    const what = `the peer restarted: it is ${from} and speaks to ${to}, not ${this.peerId} to ${this.id}`;
    throw new NetworkError('ERR_PEER_RESTARTED', what, { operation: 'receive' });
  }

  private send(now: number): void {
    this.repeats++;
    // The original counts twice for each packet, but once for the comparison.
    const isShort = this.interval * (2 * this.repeats - 1) < LONGEST_GAP;
    this.nextSend = now + (isShort ? this.interval * 2 * this.repeats : LONGEST_GAP);
    this.emit(handshakeBytes({ isComplete: this.isReady, from: this.id, to: this.peerId }));
  }
}
