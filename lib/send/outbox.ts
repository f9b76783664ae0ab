import { NetworkError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { flushAtTurnEnd, flushOn } from './flusher.ts';
import { gather, markBlock, rewind } from './gather.ts';
import type { OutboxLimits, OverflowPolicy, SendResult } from './outbox-limits.ts';
import { BLOCK_SIZE, type SendPolicy } from './send-policy.ts';
import { type BytesUnit, type PulledUnit, type Unit, isBytes, lengthOf, takeFrom } from './units.ts';

/** Where an outbox writes to. */
export interface ByteSink {
  /** Bytes handed over and not yet taken by the operating system; Infinity when it takes nothing any more. */
  readonly unsent: number;
  /**
   * Bytes not yet taken above which nothing more is written.
   * @default 65536
   */
  readonly mostInFlight?: number;
  /**
   * Whether every write is a message of its own, so that units must not be joined or cut; each is one piece.
   * @default false
   */
  readonly keepsUnits?: boolean;
  /**
   * Takes bytes over. What the system does not take at once stays referenced until the sink tells its owner, who
   * calls {@link Outbox.progress}; it never does so from inside this call.
   */
  write(bytes: Uint8Array): void;
  /** Takes several pieces over, in order, as one write where the system can. */
  writev(pieces: readonly Uint8Array[]): void;
}

/** Told of what happens in an outbox. */
export interface OutboxOwner {
  /** Whether {@link bytesSent} wants the bytes. */
  readonly observesSent: boolean;
  /** The system has taken bytes; they are valid only during the call. */
  bytesSent(bytes: Uint8Array): void;
  /** The number of pending bytes may have changed. */
  pendingChanged(): void;
  /** A send was refused, or older sends were dropped for it (`drop-old`). */
  overflowed(policy: OverflowPolicy, error: NetworkError, bytes: number): void;
}

/** Told when everything sent before it has been taken by the system, or, with an error, that it never will be. */
export interface SentWaiter {
  release(error?: NetworkError): void;
}

/** Bytes of a pulled unit that are on their way. */
interface PulledBytes {
  readonly unit: PulledUnit;
  readonly bytes: number;
}

/** How far handing over had come when the system left something behind. */
interface Milestone {
  /** Bytes handed over, counted from the beginning. */
  readonly bytes: number;
  /** Units handed over. */
  readonly units: number;
  /** What of pulled units is among them. */
  readonly pulled: readonly PulledBytes[];
}

/**
 * The bytes of one connection that wait to be sent. A policy decides when they become a write, the limits how many
 * may wait. Sans-IO: it writes to a {@link ByteSink} and is told of progress.
 */
export class Outbox {
  private sink: ByteSink;
  private readonly owner: OutboxOwner;
  private readonly limits: Required<OutboxLimits>;
  private readonly policy: SendPolicy;

  /** What waits, in order: whole units, of which nothing is on its way yet. */
  private readonly units = new Fifo<Unit>();
  /** What is left of the unit of which a part is on its way. */
  private begun: Unit | undefined = undefined;
  private queued = 0;
  private inFlight = 0;
  /** Handed over and not yet reported, while somebody observes. */
  private unreported: Uint8Array[] | undefined = undefined;

  /** Units accepted, handed over and taken by the system, counted from the beginning; dropped ones count too. */
  private unitsAccepted = 0;
  private unitsHandedOver = 0;
  private unitsSent = 0;
  /** Units dropped behind the one that has begun: they count as handed over once that one is. */
  private droppedBehind = 0;
  /** For what is in flight; made when the system first leaves something behind. */
  private milestones: Fifo<Milestone> | undefined = undefined;
  /** Who waits, and for how many units. */
  private waiters: Fifo<SentWaiter> | undefined = undefined;
  private waitedUnits: Fifo<number> | undefined = undefined;
  /** What of pulled units has been taken for the next write, and what the system has taken. */
  private pulled: PulledBytes[] = NOTHING_PULLED;
  private pulledSent: PulledBytes[] = NOTHING_PULLED;

  private armed = false;
  private halted = false;
  private closedBy: NetworkError | undefined = undefined;

  /** Bytes that the system has taken. */
  sent = 0;
  /** Bytes refused or dropped because of `maxPending`. */
  dropped = 0;

  constructor(sink: ByteSink, owner: OutboxOwner, policy: SendPolicy, limits: Required<OutboxLimits>) {
    this.sink = sink;
    this.owner = owner;
    this.policy = policy;
    this.limits = limits;
  }

  /** Bytes accepted and not yet taken by the system. */
  get pending(): number {
    return this.queued + this.inFlight;
  }

  /** Whether everything accepted has been taken; false too while a pulled unit has more to come. */
  get isEmpty(): boolean {
    return this.inFlight === 0 && !this.hasMore;
  }

  /** Accepts one unit of bytes: one piece, or several that stay together. */
  send(unit: BytesUnit): SendResult {
    const { maxPending, highPending } = this.limits;
    if (this.closedBy !== undefined) return 'refused';
    const bytes = lengthOf(unit);
    if (bytes > 0) {
      if (this.queued + this.inFlight + bytes > maxPending && !this.makeRoom(bytes)) return 'refused';
      if (this.sink.keepsUnits === true && unit instanceof Uint8Array && this.goesAtOnce) {
        this.sendAtOnce(unit);
      } else {
        this.queued += bytes;
        this.accept(unit);
        this.owner.pendingChanged();
      }
    }
    return this.queued + this.inFlight > highPending ? 'congested' : 'ok';
  }

  /** Whether a unit that is a write of its own may be one now, with nobody to be told of it. */
  private get goesAtOnce(): boolean {
    return this.policy.name === 'direct' && this.isEmpty && !this.halted && !this.owner.observesSent;
  }

  /** Writes a unit without a detour. */
  private sendAtOnce(unit: Uint8Array): void {
    this.unitsAccepted++;
    this.unitsHandedOver++;
    this.inFlight = unit.length;
    this.sink.write(unit);
    this.settle();
    if (this.inFlight > 0) this.owner.pendingChanged();
  }

  /** Accepts a unit whose bytes are pulled when there is room. */
  sendPulled(unit: PulledUnit): void {
    if (this.closedBy === undefined) this.accept(unit);
    else unit.failed(this.closedBy);
  }

  /** A pulled unit has bytes again. */
  resume(): void {
    this.arm();
  }

  /** Calls the waiter when everything accepted so far has been taken, at once if it has been. */
  whenSent(waiter: SentWaiter): void {
    if (this.closedBy !== undefined) {
      waiter.release(this.closedBy);
    } else if (this.isEmpty && !this.hasWaiters) {
      waiter.release();
    } else {
      (this.waiters ??= new Fifo()).push(waiter);
      (this.waitedUnits ??= new Fifo()).push(this.unitsAccepted);
      this.arm();
    }
  }

  /** Writes what the policy allows now, and tells who waits for progress. */
  flush(): void {
    this.armed = false;
    this.pump();
    this.report();
  }

  /** The sink has taken bytes. */
  progress(): void {
    if (this.inFlight === 0 || this.closedBy !== undefined) return;
    this.countTaken();
    this.pump();
    this.report();
  }

  /** Goes on to write to another sink; everything has to be sent. */
  moveTo(sink: ByteSink): void {
    this.sink = sink;
  }

  /** Nothing is written any more; those who wait are told by {@link close}. */
  halt(): void {
    this.halted = true;
  }

  /** Nothing can be sent any more; what waits is lost and every waiter is told. */
  close(error: NetworkError): void {
    if (this.closedBy !== undefined) return;
    this.closedBy = error;
    const waiters = this.waiters?.clear() ?? [];
    const pulled = new Set<PulledUnit>();
    for (const milestone of this.milestones?.clear() ?? [])
      for (const { unit } of milestone.pulled) pulled.add(unit);
    for (const unit of [this.begun, ...this.units.clear()])
      if (unit !== undefined && !isBytes(unit)) pulled.add(unit);
    this.begun = undefined;
    this.unreported = undefined;
    for (const waiter of waiters) waiter.release(error);
    for (const unit of pulled) unit.failed(error);
  }

  private get hasMore(): boolean {
    return this.units.length > 0 || this.begun !== undefined;
  }

  /** Whether what waits is one unit, to be written as it is. */
  private get isAlone(): boolean {
    return this.units.length === 1 && this.begun === undefined && this.policy.name !== 'safe';
  }

  private get hasWaiters(): boolean {
    return this.waiters !== undefined && this.waiters.length > 0;
  }

  private accept(unit: Unit): void {
    this.units.push(unit);
    this.unitsAccepted++;
    this.arm();
  }

  private arm(): void {
    const { name, scheduler } = this.policy;
    if (name === 'direct') this.pump();
    if (this.armed) return;
    this.armed = true;
    if (scheduler === undefined) flushAtTurnEnd(this);
    else flushOn(scheduler, this);
  }

  private pump(): void {
    while (this.hasMore && !this.halted && this.mayWrite()) {
      if (this.sink.keepsUnits === true || this.isAlone) {
        const only = this.units.at(0);
        if (only instanceof Uint8Array && (only.length <= MOST_AT_ONCE || this.sink.keepsUnits === true)) {
          // One answer to one message: nothing to join.
          this.units.shift();
          this.unitsHandedOver++;
          this.write(only);
          this.settle();
          continue;
        }
      }
      const wrote = this.writeMany();
      this.settle();
      if (!wrote) return;
    }
  }

  private mayWrite(): boolean {
    if (this.inFlight === 0) return true;
    return this.policy.name !== 'safe' && this.inFlight < (this.sink.mostInFlight ?? BLOCK_SIZE);
  }

  private write(bytes: Uint8Array): void {
    this.queued -= bytes.length;
    this.inFlight += bytes.length;
    if (this.owner.observesSent) (this.unreported ??= []).push(bytes);
    this.sink.write(bytes);
  }

  private writeMany(): boolean {
    const pieces = this.take(this.policy.name === 'safe' ? BLOCK_SIZE : MOST_AT_ONCE);
    if (pieces.length === 0) return false;
    const mark = markBlock();
    const joined = gather(pieces);
    if (joined.length === 1) {
      this.write(joined[0] as Uint8Array);
    } else {
      const bytes = lengthOf(joined);
      this.queued -= bytes;
      this.inFlight += bytes;
      if (this.owner.observesSent) (this.unreported ??= []).push(...joined);
      this.sink.writev(joined);
    }
    if (this.sink.unsent === 0 && this.unreported === undefined) rewind(mark);
    return true;
  }

  /** Takes pieces from the front, up to `limit` bytes; a pulled unit gives one block at a time. */
  private take(limit: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let room = limit;
    while (this.hasMore && room > 0) {
      this.begun ??= this.units.shift();
      const unit: Unit = this.begun;
      if (isBytes(unit)) {
        const { taken, left } = takeFrom(unit, room, pieces);
        room -= taken;
        this.begun = left;
      } else {
        const bytes = unit.pull();
        if (bytes === undefined) break;
        if (bytes === null) {
          this.begun = undefined;
          this.notePulled({ unit, bytes: 0 });
        } else {
          pieces.push(bytes);
          this.queued += bytes.length;
          room = Math.min(room, BLOCK_SIZE) - bytes.length;
          this.notePulled({ unit, bytes: bytes.length });
        }
      }
      if (this.begun === undefined) {
        this.unitsHandedOver += 1 + this.droppedBehind;
        this.droppedBehind = 0;
      }
    }
    return pieces;
  }

  private notePulled(pulled: PulledBytes): void {
    if (this.pulled === NOTHING_PULLED) this.pulled = [];
    this.pulled.push(pulled);
  }

  /** After a write: what the system did not take at once becomes a milestone. */
  private settle(): void {
    this.countTaken();
    const { pulled } = this;
    this.pulled = NOTHING_PULLED;
    if (this.inFlight > 0) {
      const bytes = this.sent + this.inFlight;
      (this.milestones ??= new Fifo()).push({ bytes, units: this.unitsHandedOver, pulled });
    } else if (pulled.length > 0) {
      this.pulledSent = [...this.pulledSent, ...pulled];
    }
  }

  /** Counts what the sink has taken since the last look. */
  private countTaken(): void {
    const taken = this.inFlight - this.sink.unsent;
    if (taken > 0) {
      this.inFlight -= taken;
      this.sent += taken;
    }
    const { milestones } = this;
    while (milestones !== undefined && milestones.length > 0 && milestones.at(0).bytes <= this.sent) {
      const { units, pulled } = milestones.shift();
      this.unitsSent = units;
      if (pulled.length > 0) this.pulledSent = [...this.pulledSent, ...pulled];
    }
    if (this.inFlight === 0) this.unitsSent = this.unitsHandedOver;
  }

  /** Tells everybody about progress; user code runs here, so the state is final before. */
  private report(): void {
    if (this.unreported !== undefined) this.reportBytes(this.unreported);
    if (this.pulledSent.length > 0) {
      const { pulledSent } = this;
      this.pulledSent = NOTHING_PULLED;
      for (const { unit, bytes } of pulledSent) unit.taken(bytes);
    }
    const { waiters, waitedUnits } = this;
    if (waiters !== undefined && waitedUnits !== undefined) {
      while (waiters.length > 0 && waitedUnits.at(0) <= this.unitsSent) {
        waitedUnits.shift();
        waiters.shift().release();
      }
    }
    this.owner.pendingChanged();
  }

  private reportBytes(handedOver: readonly Uint8Array[]): void {
    let taken = -this.inFlight;
    for (const piece of handedOver) taken += piece.length;
    const done: Uint8Array[] = [];
    const rest: Uint8Array[] = [];
    for (const piece of handedOver) {
      if (taken >= piece.length) {
        done.push(piece);
      } else if (taken > 0) {
        done.push(piece.subarray(0, taken));
        rest.push(piece.subarray(taken));
      } else {
        rest.push(piece);
      }
      taken -= piece.length;
    }
    this.unreported = rest.length > 0 ? rest : undefined;
    for (const bytes of done) this.owner.bytesSent(bytes);
  }

  /** Makes room for `bytes` as the overflow policy says; false when the send has to be refused. */
  private makeRoom(bytes: number): boolean {
    const { maxPending, overflow } = this.limits;
    const { pending } = this;
    const error = new NetworkError(
      'ERR_SEND_OVERFLOW',
      `${bytes} bytes on top of ${pending} pending would exceed maxPending, which is ${maxPending}`,
      { operation: 'send' },
    );
    const lost = overflow === 'drop-old' ? this.dropOldest(pending + bytes - maxPending) : 0;
    const fits = this.pending + bytes <= maxPending;
    const gone = fits ? lost : lost + bytes;
    this.dropped += gone;
    this.owner.overflowed(overflow, error, gone);
    return fits;
  }

  /**
   * Drops whole units, the oldest first; none, if that does not make enough room. A pulled unit at the front is
   * spared, a further one is a barrier.
   */
  private dropOldest(needed: number): number {
    if (this.begun === undefined && this.units.length > 0 && !isBytes(this.units.at(0)))
      this.begun = this.units.shift();
    let lost = 0;
    let count = 0;
    while (lost < needed) {
      const unit = count < this.units.length ? this.units.at(count++) : undefined;
      if (unit === undefined || !isBytes(unit)) return 0;
      lost += lengthOf(unit);
    }
    for (let left = count; left > 0; left--) this.units.shift();
    this.queued -= lost;
    if (this.begun === undefined) this.unitsHandedOver += count;
    else this.droppedBehind += count;
    return lost;
  }
}

/** Bytes in one write: the system tells of no progress within one, so that a slow peer would seem to take nothing. */
const MOST_AT_ONCE = 4 * BLOCK_SIZE;

const NOTHING_PULLED: PulledBytes[] = [];
