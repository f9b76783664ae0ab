/** Places at first, and after a list that had grown beyond has been emptied. */
const FEW = 32;

/** More than one datagram can ask for. */
const LIMIT = 4096;

/** Segments that came and are to be acknowledged with the next flush. */
export class AckList {
  /** Number and time of each, one behind the other. */
  private fields = new Uint32Array(2 * FEW);
  /** How many there are. */
  count = 0;

  /** Adds a segment; `false` if there is no place, so that it has to be treated as lost. */
  add(sn: number, ts: number): boolean {
    const at = 2 * this.count;
    if (at === this.fields.length && !this.grow()) return false;
    this.fields[at] = sn;
    this.fields[at + 1] = ts;
    this.count++;
    return true;
  }

  /** Number of the segment at a place. */
  sn(place: number): number {
    return this.fields[2 * place]!;
  }

  /** What the sender's clock showed when it sent that segment. */
  ts(place: number): number {
    return this.fields[2 * place + 1]!;
  }

  clear(): void {
    this.count = 0;
    if (this.fields.length > 2 * FEW) this.fields = new Uint32Array(2 * FEW);
  }

  private grow(): boolean {
    const { fields } = this;
    if (fields.length >= 2 * LIMIT) return false;
    this.fields = new Uint32Array(2 * fields.length);
    this.fields.set(fields);
    return true;
  }
}
