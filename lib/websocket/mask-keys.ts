import { randomFillSync } from 'node:crypto';

/** Where the keys come from that a client masks its frames with. */
export interface MaskKeys {
  /** The next key: four bytes, the first in the lowest bits. */
  next(): number;
}

/** Keys that are fetched at once: asking the system for each would take longer than everything else. */
const COUNT = 2048;

class RandomKeys implements MaskKeys {
  private keys: Int32Array | undefined = undefined;
  private used = COUNT;

  next(): number {
    if (this.used === COUNT) this.fill();
    return this.keys![this.used++]!;
  }

  private fill(): void {
    this.keys ??= new Int32Array(COUNT);
    randomFillSync(this.keys);
    this.used = 0;
  }
}

/**
 * Keys that nobody can foresee, as RFC 6455 section 5.3 wants them: otherwise the one who chooses the content could choose
 * what a proxy gets to see.
 */
export const randomKeys: MaskKeys = new RandomKeys();
