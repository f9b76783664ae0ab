/**
 * First in, first out, without the allocations of `Array.shift`: an empty queue keeps its memory for the next round,
 * unless it had grown long.
 */
export class Fifo<T> {
  private items = fresh<T>();
  private head = 0;
  private tail = 0;

  get length(): number {
    return this.tail - this.head;
  }

  push(item: T): void {
    this.items[this.tail++] = item;
  }

  /** The item that is `place` behind the first one; it has to exist. */
  at(place: number): T {
    return this.items[this.head + place] as T;
  }

  /** Puts another item in the place of an existing one. */
  set(place: number, item: T): void {
    this.items[this.head + place] = item;
  }

  /** Removes and returns the first item; there has to be one. */
  shift(): T {
    const item = this.items[this.head] as T;
    this.items[this.head++] = undefined;
    if (this.head === this.tail) {
      this.head = this.tail = 0;
      if (this.items.length > KEPT) this.items = fresh();
    } else if (this.head >= KEPT && this.head * 2 >= this.tail) {
      this.items = this.items.slice(this.head, this.tail);
      this.tail -= this.head;
      this.head = 0;
    }
    return item;
  }

  /** Removes and returns everything. */
  clear(): T[] {
    const items = this.items.slice(this.head, this.tail) as T[];
    this.items = fresh();
    this.head = this.tail = 0;
    return items;
  }
}

/** Places that an empty queue keeps. */
const KEPT = 256;

/** Not empty, so that arrays of all queues are of one kind inside of V8, whatever they hold. */
function fresh<T>(): (T | undefined)[] {
  return [undefined];
}
