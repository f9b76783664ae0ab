import { NetworkError } from '../base/errors.ts';
import { Fifo } from '../base/fifo.ts';
import { type Checks, integer, oneOf } from '../base/options.ts';
import { type Flusher, flusherFor } from './flusher.ts';
import { gather, markBlock, rewind } from './gather.ts';
import { BLOCK_SIZE, type SendPolicy } from './send-policy.ts';

/**
 * Answer of a send. `ok`: accepted. `congested`: accepted, but more than `highPending` bytes are waiting, so the
 * sender should slow down. `refused`: not accepted; `lastError` of the connection says why.
 */
export type SendResult = 'ok' | 'congested' | 'refused';

/**
 * What happens to a send that would exceed `maxPending`. `error`: it is refused and reported as a fault.
 * `drop-new`: it is refused and counted. `drop-old`: the oldest sends that have not been handed to the system make
 * room and are counted. `close`: it is refused and the connection is closed with reason `overflow`.
 */
export type OverflowPolicy = 'error' | 'drop-new' | 'drop-old' | 'close';

/** Limits of what may wait to be sent. */
export interface OutboxLimits {
  /**
   * Pending bytes above which `send()` answers `congested`. 1 to 2^40.
   * @default 1048576 (1 MiB)
   */
  readonly highPending?: number;
  /**
   * Pending bytes that are never exceeded. 1 to 2^40.
   * @default 16777216 (16 MiB)
   */
  readonly maxPending?: number;
  /**
   * What happens to a send beyond `maxPending`.
   * @default 'error'
   */
  readonly overflow?: OverflowPolicy;
}

/** Checks of {@link OutboxLimits}, to be part of a component's table. */
export const outboxLimitChecks: Checks<OutboxLimits> = {
  highPending: integer({ min: 1, max: 2 ** 40, fallback: 1024 * 1024 }),
  maxPending: integer({ min: 1, max: 2 ** 40, fallback: 16 * 1024 * 1024 }),
  overflow: oneOf<OverflowPolicy>(['error', 'drop-new', 'drop-old', 'close'], 'error'),
};

/** Where an outbox writes to. */
export interface ByteSink {
  /** Bytes handed over and not yet taken by the operating system; Infinity when it takes nothing any more. */
  readonly unsent: number;
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

/**
 * A unit whose bytes are fetched when there is room for them, such as a file. It keeps its place in the order of
 * sends: what is sent after it waits for its end.
 */
export interface PulledUnit {
  /**
   * The next bytes; `null` at the end; `undefined` when there are none yet, in which case {@link Outbox.resume} is
   * called once there are.
   */
  pull(): Uint8Array | null | undefined;
  /** The system has taken bytes of this unit. */
  taken(bytes: number): void;
  /** The rest of this unit will never be sent. */
  failed(error: NetworkError): void;
}

type Unit = Uint8Array | readonly Uint8Array[] | PulledUnit | SentWaiter;

/**
 * The bytes of one connection that wait to be sent. A policy decides when they become a write, the limits how many
 * may wait. Sans-IO: it writes to a {@link ByteSink} and is told of progress.
 */
export class Outbox {
  private readonly sink: ByteSink;
  private readonly owner: OutboxOwner;
  private readonly limits: Required<OutboxLimits>;
  private readonly policy: SendPolicy;
  private readonly flusher: Flusher;

  /** What waits, in order. */
  private readonly units = new Fifo<Unit>();
  /** Whether a part of the first unit is on its way, so that the rest must follow. */
  private headBegun = false;
  private queued = 0;
  private inFlight = 0;
  /** Handed over and not yet reported, while somebody observes. */
  private unreported: Uint8Array[] | undefined = undefined;
  /** Waiters whose bytes are on their way, and the count of sent bytes that each waits for. */
  private readonly waiters = new Fifo<SentWaiter>();
  private readonly positions = new Fifo<number>();
  private armed = false;
  private halted = false;
  /** Entries of {@link units} that were dropped and still take a place. */
  private holes = 0;
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
    this.flusher = flusherFor(policy.scheduler);
  }

  /** Bytes accepted and not yet taken by the system. */
  get pending(): number {
    return this.queued + this.inFlight;
  }

  /** Whether everything accepted has been taken; false too while a pulled unit has more to come. */
  get isEmpty(): boolean {
    return this.inFlight === 0 && this.units.length === 0;
  }

  /** Accepts one unit of bytes: one piece, or several that stay together. */
  send(unit: Uint8Array | readonly Uint8Array[]): SendResult {
    const { maxPending, highPending } = this.limits;
    if (this.closedBy !== undefined) return 'refused';
    const bytes = lengthOf(unit);
    if (bytes > 0) {
      if (this.queued + this.inFlight + bytes > maxPending && !this.makeRoom(bytes)) return 'refused';
      this.units.push(unit);
      this.queued += bytes;
      this.arm();
      this.owner.pendingChanged();
    }
    return this.queued + this.inFlight > highPending ? 'congested' : 'ok';
  }

  /** Accepts a unit whose bytes are pulled when there is room. */
  sendPulled(unit: PulledUnit): void {
    if (this.closedBy !== undefined) {
      unit.failed(this.closedBy);
      return;
    }
    this.units.push(unit);
    this.arm();
  }

  /** A pulled unit has bytes again. */
  resume(): void {
    this.arm();
  }

  /** Calls the waiter when everything accepted so far has been taken, at once if it has been. */
  whenSent(waiter: SentWaiter): void {
    if (this.closedBy !== undefined) waiter.release(this.closedBy);
    else if (this.isEmpty) waiter.release();
    else {
      this.units.push(waiter);
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

  /** Nothing is written any more; those who wait are told by {@link close}. */
  halt(): void {
    this.halted = true;
  }

  /** Nothing can be sent any more; what waits is lost and every waiter is told. */
  close(error: NetworkError): void {
    if (this.closedBy !== undefined) return;
    this.closedBy = error;
    const waiters = this.waiters.clear();
    const units = this.units.clear();
    this.positions.clear();
    this.unreported = undefined;
    for (const waiter of waiters) waiter.release(error);
    for (const unit of units) {
      if (isBytes(unit)) continue;
      if ('pull' in unit) unit.failed(error);
      else unit.release(error);
    }
  }

  private arm(): void {
    if (this.policy.name === 'direct') this.pump();
    if (this.armed) return;
    this.armed = true;
    this.flusher.add(this);
  }

  private pump(): void {
    while (this.units.length > 0 && !this.halted && this.mayWrite()) {
      const first = this.units.at(0);
      if (first === NOTHING) {
        this.dropHead();
        continue;
      }
      if (first instanceof Uint8Array && this.policy.name !== 'safe' && this.isAlone()) {
        this.dropHead();
        this.write(first);
      } else if (!this.writeMany()) {
        break;
      }
      this.takeWaiters();
    }
  }

  /** Whether the unit at the head is followed by nothing but waiters: the case of one answer to one message. */
  private isAlone(): boolean {
    for (let i = 1; i < this.units.length; i++) if (!isWaiter(this.units.at(i))) return false;
    return true;
  }

  private write(bytes: Uint8Array): void {
    this.queued -= bytes.length;
    this.inFlight += bytes.length;
    if (this.owner.observesSent) (this.unreported ??= []).push(bytes);
    this.sink.write(bytes);
    this.countTaken();
  }

  private writeMany(): boolean {
    const pieces = this.take(this.policy.name === 'safe' ? BLOCK_SIZE : Infinity);
    if (pieces.length === 0) return false;
    const mark = markBlock();
    const joined = gather(pieces);
    if (joined.length === 1) {
      this.write(joined[0] as Uint8Array);
    } else {
      for (const piece of joined) {
        this.queued -= piece.length;
        this.inFlight += piece.length;
      }
      if (this.owner.observesSent) (this.unreported ??= []).push(...joined);
      this.sink.writev(joined);
      this.countTaken();
    }
    if (this.inFlight === 0 && this.unreported === undefined) rewind(mark);
    return true;
  }

  private mayWrite(): boolean {
    if (this.inFlight === 0) return true;
    return this.policy.name !== 'safe' && this.inFlight < BLOCK_SIZE;
  }

  /** Takes pieces from the front, up to `limit` bytes; a pulled unit gives one block at a time. */
  private take(limit: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let room = limit;
    while (this.units.length > 0 && room > 0) {
      const unit = this.units.at(0);
      if (isBytes(unit)) {
        const { taken, left } = takeFrom(unit, room, pieces);
        room -= taken;
        if (left === undefined) {
          this.dropHead();
        } else {
          this.units.set(0, left);
          this.headBegun = true;
        }
      } else if ('pull' in unit) {
        const bytes = unit.pull();
        if (bytes === undefined) break;
        if (bytes === null) {
          this.dropHead();
          continue;
        }
        pieces.push(bytes);
        this.queued += bytes.length;
        this.headBegun = true;
        room = Math.min(room, BLOCK_SIZE) - bytes.length;
        this.waitFor(new Taken(unit, bytes.length), pieces);
      } else {
        this.dropHead();
        this.waitFor(unit, pieces);
      }
    }
    return pieces;
  }

  /** Waiters at the front wait only for what is on its way. */
  private takeWaiters(): void {
    while (this.units.length > 0) {
      const unit = this.units.at(0);
      if (!isWaiter(unit)) return;
      this.dropHead();
      if (this.inFlight === 0 && this.unreported === undefined && this.waiters.length === 0) unit.release();
      else this.waitFor(unit);
    }
  }

  private waitFor(waiter: SentWaiter, taken: readonly Uint8Array[] = []): void {
    let position = this.sent + this.inFlight;
    for (const piece of taken) position += piece.length;
    this.waiters.push(waiter);
    this.positions.push(position);
  }

  private dropHead(): void {
    this.headBegun = false;
    this.units.shift();
  }

  /** Counts what the sink has taken since the last look. */
  private countTaken(): void {
    const taken = this.inFlight - this.sink.unsent;
    if (taken <= 0) return;
    this.inFlight -= taken;
    this.sent += taken;
  }

  /** Tells everybody about progress; user code runs here, so the state is final before. */
  private report(): void {
    if (this.unreported !== undefined) this.reportBytes(this.unreported);
    while (this.positions.length > 0 && this.positions.at(0) <= this.sent) {
      this.positions.shift();
      this.waiters.shift().release();
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
    const lost = overflow === 'drop-old' ? this.dropOldest(bytes) : 0;
    const fits = this.pending + bytes <= maxPending;
    const gone = fits ? lost : lost + bytes;
    this.dropped += gone;
    this.owner.overflowed(overflow, error, gone);
    return fits;
  }

  /** Drops whole units, the oldest first, none of which a part is on its way. */
  private dropOldest(bytes: number): number {
    const { maxPending } = this.limits;
    const first = this.headBegun ? 1 : 0;
    const begun = this.headBegun ? this.units.at(0) : NOTHING;
    const droppable = this.queued - (isBytes(begun) ? lengthOf(begun) : 0);
    if (this.pending - droppable + bytes > maxPending) return 0;
    let lost = 0;
    for (let i = first; this.pending + bytes > maxPending; i++) {
      const unit = this.units.at(i);
      if (!isBytes(unit)) continue;
      this.units.set(i, NOTHING);
      const length = lengthOf(unit);
      this.queued -= length;
      lost += length;
      if (length > 0) this.holes++;
    }
    if (this.holes >= 64 && this.holes * 2 >= this.units.length) {
      for (const unit of this.units.clear()) if (unit !== NOTHING) this.units.push(unit);
      this.holes = 0;
    }
    return lost;
  }
}

const NOTHING = new Uint8Array(0);

function isBytes(unit: Unit): unit is Uint8Array | readonly Uint8Array[] {
  return unit instanceof Uint8Array || Array.isArray(unit);
}

function isWaiter(unit: Unit): unit is SentWaiter {
  return !isBytes(unit) && !('pull' in unit);
}

function lengthOf(unit: Uint8Array | readonly Uint8Array[]): number {
  if (unit instanceof Uint8Array) return unit.length;
  let length = 0;
  for (const piece of unit) length += piece.length;
  return length;
}

/** Moves up to `room` bytes of a unit to `pieces`. */
function takeFrom(
  unit: Uint8Array | readonly Uint8Array[],
  room: number,
  pieces: Uint8Array[],
): { taken: number; left: Unit | undefined } {
  const parts = unit instanceof Uint8Array ? [unit] : unit;
  let taken = 0;
  for (let i = 0; i < parts.length; i++) {
    const piece = parts[i] as Uint8Array;
    const fitting = room - taken;
    if (piece.length > fitting) {
      if (fitting > 0) pieces.push(piece.subarray(0, fitting));
      return { taken: room, left: [piece.subarray(fitting), ...parts.slice(i + 1)] };
    }
    if (piece.length > 0) pieces.push(piece);
    taken += piece.length;
  }
  return { taken, left: undefined };
}

/** Tells a pulled unit that its bytes were taken. */
class Taken implements SentWaiter {
  private readonly unit: PulledUnit;
  private readonly bytes: number;

  constructor(unit: PulledUnit, bytes: number) {
    this.unit = unit;
    this.bytes = bytes;
  }

  release(error?: NetworkError): void {
    if (error === undefined) this.unit.taken(this.bytes);
    else this.unit.failed(error);
  }
}
