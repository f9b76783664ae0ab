/** How the value of a length field is written. */
export interface LengthFormat {
  /** Most bytes of the field. */
  readonly maxSize: number;
  /** Largest value that can be sent. */
  readonly maxValue: number;
  /**
   * Bytes of the field that begins at `bytes[at]`; 0 when it is not complete before index `end`, and more than
   * `maxSize` when it has no end.
   */
  sizeAt(bytes: Uint8Array, at: number, end: number): number;
  /** The value of a complete field of `size` bytes. Beyond 2^53 it is not exact. */
  read(bytes: Uint8Array, at: number, size: number): number;
  /** Bytes of a field with this value. */
  sizeOf(value: number): number;
  /** Writes a value that is at most `maxValue`. */
  write(bytes: Uint8Array, at: number, value: number): void;
}

/** An unsigned integer of 1 to 8 bytes, most significant byte first. */
export class BigEndianLength implements LengthFormat {
  readonly maxSize: number;
  readonly maxValue: number;

  constructor(width: number) {
    this.maxSize = width;
    this.maxValue = largest(width);
  }

  sizeAt(_bytes: Uint8Array, at: number, end: number): number {
    return end - at >= this.maxSize ? this.maxSize : 0;
  }

  read(bytes: Uint8Array, at: number, size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i]!;
    return value;
  }

  sizeOf(): number {
    return this.maxSize;
  }

  write(bytes: Uint8Array, at: number, value: number): void {
    for (let i = this.maxSize - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256))
      bytes[at + i] = rest;
  }
}

/** An unsigned integer of 1 to 8 bytes, least significant byte first. */
export class LittleEndianLength implements LengthFormat {
  readonly maxSize: number;
  readonly maxValue: number;

  constructor(width: number) {
    this.maxSize = width;
    this.maxValue = largest(width);
  }

  sizeAt(_bytes: Uint8Array, at: number, end: number): number {
    return end - at >= this.maxSize ? this.maxSize : 0;
  }

  read(bytes: Uint8Array, at: number, size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
    return value;
  }

  sizeOf(): number {
    return this.maxSize;
  }

  write(bytes: Uint8Array, at: number, value: number): void {
    for (let i = 0, rest = value; i < this.maxSize; i++, rest = Math.floor(rest / 256)) bytes[at + i] = rest;
  }
}

/** Most bytes of a varint. */
export const MAX_VARINT = 10;

/** An unsigned LEB128 number: seven bits a byte, the lowest first; the top bit says that more follow. */
export class VarintLength implements LengthFormat {
  readonly maxSize = MAX_VARINT;
  readonly maxValue = Number.MAX_SAFE_INTEGER;

  sizeAt(bytes: Uint8Array, at: number, end: number): number {
    const most = Math.min(end - at, MAX_VARINT);
    for (let size = 1; size <= most; size++) {
      if (bytes[at + size - 1]! < 0x80) return size;
    }
    return most < MAX_VARINT ? 0 : MAX_VARINT + 1;
  }

  read(bytes: Uint8Array, at: number, size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 128 + (bytes[at + i]! & 0x7f);
    return value;
  }

  sizeOf(value: number): number {
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    return size;
  }

  write(bytes: Uint8Array, at: number, value: number): void {
    let next = at;
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[next++] = (rest % 128) | 0x80;
    bytes[next] = rest;
  }
}

function largest(width: number): number {
  return Math.min(256 ** width - 1, Number.MAX_SAFE_INTEGER);
}
