/**
 * Everything that has happened in a run, as a hash (FNV-1a over 2 times 32 bits) that two runs have in common only if
 * they are the same, event by event; and the last events themselves.
 */
export class Trace {
  /** How many events there were. */
  count = 0;
  private low = 0x811c_9dc5;
  private high = 0x0100_0193;
  private readonly kept: (() => string)[] = [];
  private readonly keep: number;
  private readonly codes = new Map<string, number>();

  /** @param keep How many of the last events are kept as text. */
  constructor(keep: number) {
    this.keep = keep;
  }

  /** Notes an event: numbers and words that tell it from others, and how it reads. */
  note(time: number, parts: readonly (number | string)[], text: () => string = () => parts.join(' ')): void {
    this.mix(time);
    for (const part of parts) this.mix(typeof part === 'number' ? part : this.codeOf(part));
    if (this.keep > 0) this.kept[this.count % this.keep] = () => `${time} ms ${text()}`;
    this.count++;
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.low, this.high].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** The last events, the oldest first. */
  last(): string[] {
    const from = Math.max(0, this.count - this.keep);
    return Array.from({ length: this.count - from }, (_, at) => this.kept[(from + at) % this.keep]?.() ?? '');
  }

  private mix(value: number): void {
    // Times may have fractions; those are of no use to a bitwise operator.
    const whole = floor(value);
    this.low = imul(this.low ^ whole ^ ((value - whole) * 0x1_0000), 0x0100_0193);
    this.high = imul(this.high ^ (whole / 0x1_0000_0000) ^ (this.low >>> 15), 0x01a3_55cb);
  }

  /** A word as a number; the same words come again and again. */
  private codeOf(word: string): number {
    let code = this.codes.get(word);
    if (code === undefined) {
      code = word.length;
      for (let at = 0; at < word.length; at++) code = imul(code ^ word.charCodeAt(at), 0x0100_0193);
      if (this.codes.size < MOST_CODES) this.codes.set(word, code);
    }
    return code;
  }
}

const MOST_CODES = 1000;

// Looked up once: in the contexts of some test runners, what is global is slow.
const { floor, imul } = Math;
