import { ProtocolError } from '../base/errors.ts';
import type { ArqSettings } from './arq-options.ts';
import { Congestion } from './congestion.ts';
import type { DatagramWriter } from './datagram-writer.ts';
import { ResendPolicy } from './resend-policy.ts';
import { RoundTrip } from './round-trip.ts';
import { MAX_FRAGMENTS, SEGMENT_HEADER, advance, distance } from './segment.ts';
import { SendWindow } from './send-window.ts';

/** A segment that was sent so often stands for a dead path. */
const DEAD_AFTER = 20;

/** Segments that a peer is taken to have room for until it says so itself. */
const FIRST_PEER_ROOM = 128;

/** The sending half of a conversation: messages go in, segments come out, until they are acknowledged. */
export class Sender {
  /** Segments that the peer has room for, as it said last. */
  peerRoom = FIRST_PEER_ROOM;
  /** Segments that were sent at least 20 times. */
  deadSegments = 0;
  /** No segment has to be sent again before that. */
  nextResend = Infinity;
  readonly pending: SendWindow;
  readonly roundTrip: RoundTrip;
  private readonly settings: ArqSettings;
  private readonly maxMessage: number;
  private readonly congestion: Congestion;
  private readonly policy: ResendPolicy;
  /** A segment has been passed by so many that it has to be sent again. */
  private hasPassed = false;

  constructor(settings: ArqSettings, first: number) {
    const segmentSize = settings.maxTransUnit - SEGMENT_HEADER;
    this.settings = settings;
    this.maxMessage = Math.min(settings.maxMessageSize, (MAX_FRAGMENTS - 1) * segmentSize);
    this.pending = new SendWindow(segmentSize, first);
    this.roundTrip = new RoundTrip(settings.minRto, settings.flushInterval);
    this.congestion = new Congestion(segmentSize);
    this.policy = new ResendPolicy(settings);
  }

  /** Segments that may be under way now: the least of our window, the peer's, and what the path bears. */
  get window(): number {
    const window = Math.min(this.settings.sendWindow, this.peerRoom);
    return this.settings.congestionControl ? Math.min(window, this.congestion.window) : window;
  }

  /** Whether the next flush sends something, whatever the time. */
  get hasWork(): boolean {
    return this.hasPassed || (this.pending.queued > 0 && this.pending.span < this.window);
  }

  /** Queues a copy of a message. */
  put(message: Uint8Array): void {
    const { length } = message;
    if (length === 0 || length > this.maxMessage) {
      const what = `a message of ${length} bytes: there may be 1 to ${this.maxMessage} (option maxMessageSize)`;
      throw new ProtocolError('ERR_FRAME_LENGTH', what, { operation: 'send' });
    }
    this.pending.put(Buffer.from(message));
  }

  /** That segment was acknowledged, after so many milliseconds; a negative number of them says nothing. */
  acknowledge(sn: number, time: number): void {
    if (time >= 0) this.roundTrip.measured(time);
    this.pending.acknowledge(sn);
  }

  /** That segment, sent at `ts`, was the newest of those that a datagram acknowledged. */
  pass(sn: number, ts: number): void {
    const { acksNeeded } = this.policy;
    if (acksNeeded < Infinity && this.pending.pass(sn, ts) >= acksNeeded) this.hasPassed = true;
  }

  /** A datagram has been taken; before it, `una` was the first segment not acknowledged. */
  settle(una: number): void {
    if (distance(this.pending.una, una) > 0) this.congestion.acknowledged(this.peerRoom);
    if (this.pending.span === 0) this.nextResend = Infinity;
  }

  /** Writes what has to be sent now, for the first time or again, and emits all that has been written. */
  flush(writer: DatagramWriter, now: number): void {
    const { window } = this;
    const first = this.pending.admit(window);
    if (this.hasPassed || now >= this.nextResend) {
      this.hasPassed = false;
      this.nextResend = Infinity;
      this.write(this.pending.una, window, writer, now);
    } else this.write(first, window, writer, now);
    this.congestion.flushed();
  }

  /** Looks at all segments from a number on. */
  private write(from: number, window: number, writer: DatagramWriter, now: number): void {
    const { pending, policy } = this;
    let timedOut = false;
    let passed = false;
    for (let sn = from; distance(pending.next, sn) > 0; sn = advance(sn, 1)) {
      const segment = pending.at(sn);
      if (segment === undefined) continue;
      const reason = policy.decide(segment, now, this.roundTrip.timeout);
      if (segment.resendAt < this.nextResend) this.nextResend = segment.resendAt;
      // One that was sent since its time was over is sent again with the next flush, as in the original.
      if (policy.isPassed(segment)) this.hasPassed = true;
      if (reason === undefined) continue;
      if (reason === 'timeout') timedOut = true;
      else if (reason === 'passed') passed = true;
      if (segment.sent === DEAD_AFTER) this.deadSegments++;
      writer.push(segment);
    }
    writer.flush();
    if (passed) this.congestion.resentEarly(pending.span, policy.acksNeeded);
    if (timedOut) this.congestion.timedOut(window);
  }
}
