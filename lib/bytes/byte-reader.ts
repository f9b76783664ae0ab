import { Fifo } from '../base/fifo.ts';
import type { ByteSearch } from './byte-search.ts';
import { viewOf } from './view.ts';

/** A chunk up to this length is copied behind others that wait: an object each would weigh more than its bytes. */
const SMALL = 1024;

/** Least and most that is allocated at once to copy small chunks into. */
const BLOCK_MIN = 1024;
const BLOCK_MAX = 64 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * Bytes waiting in order, taken in exact counts that have nothing to do with the chunks they came in. (A `ByteQueue`
 * is for the opposite: to hand the chunks on.)
 *
 * What lies in one chunk is handed out as a view of it; what lies in several is joined, once, into memory of its own.
 * Bytes that were handed out are never written to again.
 *
 * @example
 * const reader = new ByteReader();
 * reader.push(utf8('GET /in'));
 * reader.push(utf8('dex HTTP/1.1'));
 * reader.text(4); // 'GET '
 * toText(reader.peek(6)); // '/index'
 * reader.length; // 15
 */
export class ByteReader {
  /** Where reading goes on. Used up only if there is nothing left at all. */
  private first: Buffer = EMPTY;
  private at = 0;
  private readonly rest = new Fifo<Buffer>();
  /** Free bytes behind the last chunk, in memory that we allocated. */
  private room = 0;
  private available = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.available;
  }

  /** Appends a chunk, which must not be changed any more. An empty one leaves no trace. */
  push(chunk: Uint8Array): void {
    const { length } = chunk;
    if (length === 0) return;
    if (this.available === 0) this.first = asBuffer(chunk);
    else if (length <= SMALL && (length <= this.room || this.rest.length > 0)) this.append(chunk);
    else {
      this.rest.push(asBuffer(chunk));
      this.room = 0;
    }
    this.available += length;
  }

  /**
   * The next bytes, which stay.
   *
   * @param count 0 to {@link length}.
   * @throws RangeError when there are not so many.
   */
  peek(count: number): Buffer {
    const chunk = this.front(count);
    return viewOf(chunk.buffer, chunk.byteOffset + this.at, count);
  }

  /** Removes and returns the next bytes; otherwise as {@link peek}. */
  fetch(count: number): Buffer {
    const bytes = this.peek(count);
    this.skip(count);
    return bytes;
  }

  /** Removes the next bytes and returns them as text: UTF-8, an invalid sequence becomes U+FFFD. */
  text(count: number): string {
    const text = this.front(count).toString('utf8', this.at, this.at + count);
    this.skip(count);
    return text;
  }

  /**
   * Removes the next bytes and returns what `get` makes of them.
   *
   * @param get Is given a Buffer and where in it the bytes are: `(chunk, at) => chunk.readUInt32BE(at)`.
   */
  read<T>(count: number, get: (chunk: Buffer, at: number) => T): T {
    const value = get(this.front(count), this.at);
    this.skip(count);
    return value;
  }

  /** Removes the next bytes; otherwise as {@link peek}. */
  skip(count: number): void {
    this.check(count);
    this.available -= count;
    let left = count;
    while (left >= this.first.length - this.at) {
      left -= this.first.length - this.at;
      this.at = 0;
      if (this.rest.length === 0) {
        this.first = EMPTY;
        this.room = 0;
        return;
      }
      this.first = this.rest.shift();
    }
    this.at += left;
  }

  /**
   * Looks for a pattern. What was looked at before is not looked at again, provided that nothing was taken since.
   *
   * @returns How many bytes it takes to get the pattern and all in front of it, or -1 if it is not there yet.
   */
  find(search: ByteSearch): number {
    const { rest, available } = this;
    // Only the end can be new, so the way there begins at the end.
    let place = rest.length + 1;
    let offset = available;
    while (offset > search.searched) offset -= this.lengthAt(--place);
    let from = search.searched - offset;
    for (; place <= rest.length; place++) {
      const begin = place === 0 ? this.at : 0;
      const end = search.within(place === 0 ? this.first : rest.at(place - 1), begin + from);
      if (end >= 0) {
        search.reset();
        return offset + end - begin;
      }
      offset += this.lengthAt(place);
      from = 0;
    }
    search.searched = available;
    return -1;
  }

  /** Forgets everything. */
  clear(): void {
    this.skip(this.available);
  }

  private lengthAt(place: number): number {
    return place === 0 ? this.first.length - this.at : this.rest.at(place - 1).length;
  }

  /** A chunk that has the next bytes, from `at` on. */
  private front(count: number): Buffer {
    return count >= 0 && count <= this.first.length - this.at ? this.first : this.join(count);
  }

  private join(count: number): Buffer {
    this.check(count);
    const { rest } = this;
    const joined = Buffer.allocUnsafe(count);
    let filled = this.first.copy(joined, 0, this.at);
    while (filled < count) {
      const next = rest.at(0);
      const taken = next.copy(joined, filled, 0, count - filled);
      filled += taken;
      if (taken === next.length) rest.shift();
      else rest.set(0, viewOf(next.buffer, next.byteOffset + taken, next.length - taken));
    }
    if (rest.length === 0) this.room = 0;
    this.first = joined;
    this.at = 0;
    return joined;
  }

  /** Copies a small chunk behind the last one. */
  private append(chunk: Uint8Array): void {
    const { rest } = this;
    if (chunk.length > this.room) {
      const block = Buffer.allocUnsafeSlow(Math.max(BLOCK_MIN, Math.min(this.available, BLOCK_MAX)));
      block.set(chunk);
      rest.push(viewOf(block.buffer, 0, chunk.length));
      this.room = block.length - chunk.length;
      return;
    }
    const place = rest.length - 1;
    const last = place < 0 ? this.first : rest.at(place);
    const longer = viewOf(last.buffer, last.byteOffset, last.length + chunk.length);
    longer.set(chunk, last.length);
    this.room -= chunk.length;
    if (place < 0) this.first = longer;
    else rest.set(place, longer);
  }

  private check(count: number): void {
    if (count >= 0 && count <= this.available) return;
    throw new RangeError(`${count} bytes cannot be taken from the ${this.available} that wait`);
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : viewOf(chunk.buffer, chunk.byteOffset, chunk.length);
}
