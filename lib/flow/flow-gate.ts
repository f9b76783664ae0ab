import { Observable, type SchedulerLike, Subject, asyncScheduler } from 'rxjs';
import { type FlowMarks, type ResolvedFlowMarks, flowMarks } from './flow-marks.ts';
import { ENDED_LEASE, GateHold, GateLease, type Hold, type Lease, UNSTAMPED } from './lease.ts';
import { enter, isEmitting, leave, settleLater } from './emission.ts';

/** What a gate steers: a socket, or a component with all its sockets. */
export interface FlowTarget {
  /** The gate asks for a pause, or takes the request back. Never called twice with the same answer in a row. */
  flowChanged(paused: boolean): void;
  /** Something has changed, and no lease is out. */
  flowIdle?(): void;
}

/** What a gate is made with. */
export interface FlowGateOptions {
  /** @default the marks of {@link FlowMarks} */
  readonly marks?: ResolvedFlowMarks;
  /** The gate whose budget this one's leases count in too. */
  readonly parent?: FlowGate | undefined;
  /** What pausing and resuming acts on. */
  readonly target?: FlowTarget;
  /**
   * Clock for `since` of {@link FlowHolder}.
   * @default asyncScheduler
   */
  readonly scheduler?: SchedulerLike;
}

/** Who holds a gate back; see {@link FlowGate.holders}. */
export interface FlowHolder {
  /** A lease on a value, an explicit hold, or a parent gate that is over its own mark. */
  readonly kind: 'lease' | 'hold' | 'parent';
  /** The operator that took the leases, or the reason of the hold. */
  readonly by: string;
  /** Bytes leased; 0 for holds. */
  readonly bytes: number;
  /** How many leases or holds. */
  readonly items: number;
  /** When the oldest of them began, on the clock of the gate in milliseconds. */
  readonly since: number;
}

const DEFAULT_MARKS = flowMarks();

/** Holds of all gates: where there are none, nobody has to look for one. */
let holdsAlive = 0;

/**
 * Bounds the memory behind one source of values, through operators that know nothing of it.
 *
 * A value is delivered inside {@link emit}; for the time of that call this is the current gate. An operator that
 * is going to keep the value takes a {@link lease} of its size and releases it when the work for the value ends.
 * Over the high mark the gate asks its target to pause, at the low mark to go on; both are decided only after the
 * outermost emission has returned. Leased bytes never exceed the high mark by more than one read can deliver.
 *
 * Gates nest: leases count in the parent too, and a parent over its mark holds back the children that own the most.
 *
 * @example
 * const gate = new FlowGate({ target: { flowChanged: (paused) => (paused ? file.pause() : file.resume()) } });
 * file.on('data', (chunk) => gate.emit(() => subject.next(chunk)));
 */
export class FlowGate {
  /** Bytes leased here, without those of child gates. */
  leased = 0;
  /** Leases alive here. */
  items = 0;

  private marks: ResolvedFlowMarks;
  private readonly parent: FlowGate | undefined;
  private readonly target: FlowTarget | undefined;
  private readonly scheduler: SchedulerLike;

  private newest: GateLease | undefined;
  private holds: GateHold[] | undefined;
  private family: Family | undefined;
  private pauses: Subject<boolean> | undefined;
  private reported = 0;
  private over = false;
  /** Why a parent holds this gate back: {@link HOLD}, {@link BUDGET}, both or neither. */
  private heldFor = 0;
  private heldSince = 0;
  private told = false;
  private dirty = false;
  private settling = false;
  /** Something changed while it was being decided. */
  private again = false;
  private closed = false;

  constructor(options: FlowGateOptions = {}) {
    this.marks = options.marks ?? DEFAULT_MARKS;
    this.parent = options.parent;
    this.target = options.target;
    this.scheduler = options.scheduler ?? asyncScheduler;
  }

  /** Whether the gate asks for a pause: over a mark, held, or held back by a parent. */
  get paused(): boolean {
    return this.told;
  }

  /** @internal Whether there is a hold here or above. It is known at once, while a pause is decided on later. */
  get held(): boolean {
    return holdsAlive > 0 && ((this.holds?.length ?? 0) > 0 || (this.parent?.held ?? false));
  }

  /** {@link paused} now and after every change. Completes when the gate closes. */
  get paused$(): Observable<boolean> {
    return new Observable((subscriber) => {
      subscriber.next(this.told);
      if (this.closed) subscriber.complete();
      else return (this.pauses ??= new Subject()).subscribe(subscriber);
      return undefined;
    });
  }

  /** Bytes leased here and in all child gates. */
  get total(): number {
    return this.leased + (this.family?.leased ?? 0);
  }

  /**
   * Sets other marks; what is left out gets its default.
   *
   * @throws OptionError (`ERR_OPTION`) for an illegal mark.
   */
  limit(marks: FlowMarks): void {
    this.marks = flowMarks(marks);
    this.touch();
  }

  /** Runs `work` with this gate as the current one. */
  emit<R>(work: () => R): R {
    const outer = enter(this);
    try {
      return work();
    } finally {
      leave(outer);
    }
  }

  /** Delivers a value with this gate as the current one; {@link emit} without a closure. */
  deliver<T>(observer: { next(value: T): void }, value: T): void {
    const outer = enter(this);
    try {
      observer.next(value);
    } finally {
      leave(outer);
    }
  }

  /**
   * Claims `bytes` for a value that is kept.
   *
   * @param bytes Size of the value; 0 and more.
   * @param by Who keeps it, for {@link holders}.
   */
  lease(bytes: number, by = 'lease'): Lease {
    if (this.closed) return ENDED_LEASE;
    const lease = new GateLease(this, bytes, by, this.newest);
    if (this.newest !== undefined) this.newest.newer = lease;
    this.newest = lease;
    this.leased += bytes;
    this.items++;
    this.touch();
    return lease;
  }

  /** Asks for a pause until the hold is released; the reactive twin of `PauseReceive`. */
  hold(by = 'hold'): Hold {
    const hold = new GateHold(this, by, this.scheduler.now());
    if (!this.closed) {
      holdsAlive++;
      (this.holds ??= []).push(hold);
      this.touch();
    }
    return hold;
  }

  /** Who holds this gate back, since when and how much; leases are summed up by who took them. */
  holders(): readonly FlowHolder[] {
    const holders = new Map<string, FlowHolder>();
    const add = (kind: FlowHolder['kind'], by: string, bytes: number, since: number) => {
      const key = `${kind} ${by}`;
      const known = holders.get(key);
      holders.set(key, {
        kind,
        by,
        bytes: bytes + (known?.bytes ?? 0),
        items: 1 + (known?.items ?? 0),
        since: Math.min(since, known?.since ?? since),
      });
    };
    for (let lease = this.newest; lease !== undefined; lease = lease.older) {
      add('lease', lease.by, lease.bytes, lease.since === UNSTAMPED ? this.scheduler.now() : lease.since);
    }
    for (const hold of this.holds ?? []) add('hold', hold.by, 0, hold.since);
    if (this.heldFor !== 0) add('parent', 'budget', 0, this.heldSince);
    return [...holders.values()];
  }

  /** Ends all leases and holds; nothing is counted here any more. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (let lease = this.newest; lease !== undefined; lease = lease.older) lease.gate = undefined;
    this.newest = undefined;
    holdsAlive -= this.holds?.length ?? 0;
    this.holds = undefined;
    this.leased = 0;
    this.items = 0;
    const { reported } = this;
    this.reported = 0;
    if (reported !== 0) this.parent?.childReports(this, -reported);
    this.parent?.forget(this);
    this.heldFor = 0;
    this.pauses?.complete();
  }

  /** @internal Makes a gate without leases known to this parent, so that holding the parent reaches it. */
  adopt(child: FlowGate): void {
    const family = (this.family ??= new Family());
    family.permanent.add(child);
    if (this.told) child.holdBack(true, HOLD);
  }

  /** @internal Takes back {@link adopt}. */
  disown(child: FlowGate): void {
    this.family?.permanent.delete(child);
    child.holdBack(false, HOLD);
  }

  /** @internal Decides, after the outermost emission or at once. */
  settle(): void {
    if (this.settling) {
      this.again = true;
      return;
    }
    this.settling = true;
    try {
      do {
        this.again = false;
        this.decide();
      } while (this.isUndecided());
    } finally {
      this.settling = false;
    }
  }

  private isUndecided(): boolean {
    return this.again;
  }

  private decide(): void {
    this.dirty = false;
    if (this.closed) return;
    for (let lease = this.newest; lease?.since === UNSTAMPED; lease = lease.older)
      lease.since = this.scheduler.now();

    const total = this.total;
    if (total !== this.reported) {
      const change = total - this.reported;
      this.reported = total;
      this.parent?.childReports(this, change);
    }
    const { high, low, maxItems, resumeItems } = this.marks;
    if (!this.over) this.over = total >= high || this.items >= maxItems;
    else if (total <= low && this.items <= resumeItems) this.over = total >= high || this.items >= maxItems;

    if (this.family !== undefined) this.steerChildren(this.family);
    const held = this.heldFor !== 0 || (this.holds !== undefined && this.holds.length > 0);
    // A parent gate over its mark holds back single children, not everything below it.
    const pause = held || (this.over && this.family === undefined);
    if (pause !== this.told) this.tell(pause);
    if (this.items === 0) this.target?.flowIdle?.();
  }

  /** @internal */
  endLease(lease: GateLease): void {
    if (lease.newer !== undefined) lease.newer.older = lease.older;
    else this.newest = lease.older;
    if (lease.older !== undefined) lease.older.newer = lease.newer;
    this.leased -= lease.bytes;
    this.items--;
    this.touch();
  }

  /** @internal */
  endHold(hold: GateHold): void {
    const at = this.holds?.indexOf(hold) ?? -1;
    if (at < 0) return;
    holdsAlive--;
    this.holds?.splice(at, 1);
    this.touch();
  }

  private touch(): void {
    if (this.dirty) return;
    this.dirty = true;
    if (isEmitting()) settleLater(this);
    else this.settle();
  }

  private tell(pause: boolean): void {
    this.told = pause;
    this.target?.flowChanged(pause);
    for (const child of this.family?.permanent ?? []) child.holdBack(this.told, HOLD);
    this.pauses?.next(pause);
  }

  private childReports(child: FlowGate, change: number): void {
    const family = (this.family ??= new Family());
    family.leased += change;
    if (!family.heldBack.has(child)) family.free += change;
    else if (child.reported === 0 && !child.closed) this.letGo(family, child);
    // It stays known until it closes: to come and go with every lease would cost more than looking for those that own.
    if (!child.closed) family.known.add(child);
    this.touch();
  }

  private forget(child: FlowGate): void {
    this.family?.known.delete(child);
    this.family?.permanent.delete(child);
    this.family?.heldBack.delete(child);
  }

  private steerChildren(family: Family): void {
    if (!this.over) {
      for (const child of family.heldBack) {
        this.letGo(family, child);
      }
      return;
    }
    if (this.leased + family.free <= this.marks.low) return;
    const heaviestFirst = [...family.known]
      .filter((child) => child.reported > 0 && !family.heldBack.has(child))
      .sort((a, b) => b.reported - a.reported);
    for (const child of heaviestFirst) {
      if (this.leased + family.free <= this.marks.low) break;
      family.free -= child.reported;
      family.heldBack.add(child);
      child.holdBack(true, BUDGET);
    }
  }

  /** Ends what the budget has held back: everything when there is room again, and whoever owns nothing any more. */
  private letGo(family: Family, child: FlowGate): void {
    family.heldBack.delete(child);
    family.free += child.reported;
    child.holdBack(false, BUDGET);
  }

  /** A parent begins or ceases to hold this gate back for one of its reasons. */
  private holdBack(on: boolean, why: number): void {
    if (this.closed) return;
    const before = this.heldFor;
    this.heldFor = on ? before | why : before & ~why;
    if ((before === 0) === (this.heldFor === 0)) return;
    this.heldSince = this.scheduler.now();
    this.touch();
  }
}

/** What a gate keeps about its children; made with the first one. */
class Family {
  /** Sum of what the children reported. */
  leased = 0;
  /** The part of it that belongs to children which are not held back. */
  free = 0;
  /** Children that have had leases. */
  readonly known = new Set<FlowGate>();
  /** Children held back by this gate's marks, the longest held first. */
  readonly heldBack = new Set<FlowGate>();
  /** Children known from the start, reached by a hold on this gate. */
  readonly permanent = new Set<FlowGate>();
}

/** The parent itself is held. */
const HOLD = 1;
/** The parent is over its mark, and this child owns much of it. */
const BUDGET = 2;
