import { PUSH, SEGMENT_HEADER, writeUint16, writeUint32 } from './segment.ts';
import type { SentSegment } from './sent-segment.ts';

/** Up to here a loop is faster than what the engine does to copy bytes. */
const FEW_BYTES = 48;

const NO_BYTES = Buffer.alloc(0);

/** Puts segments into datagrams, as many as fit, always in the same memory. */
export class DatagramWriter {
  private readonly conversation: number;
  private readonly size: number;
  /** Made with the first segment: many sessions never come to that. */
  private buffer: Buffer = NO_BYTES;
  private length = 0;
  private readonly emit: (datagram: Uint8Array) => void;
  /** What all segments say: room for so many segments, and all before this one have come. */
  private window = 0;
  private una = 0;

  constructor(conversation: number, size: number, emit: (datagram: Uint8Array) => void) {
    this.size = size;
    this.emit = emit;
    this.conversation = conversation;
  }

  /** Sets what all segments say from now on. */
  stamp(window: number, una: number): void {
    this.window = window;
    this.una = una;
  }

  /** Adds a segment without data. */
  command(command: number, ts: number, sn: number): void {
    this.header(command, 0, ts, sn, 0);
  }

  /** Adds a segment with data. */
  push(segment: SentSegment): void {
    const { message, begin, length, fragment, ts, sn } = segment;
    const at = this.header(PUSH, fragment, ts, sn, length);
    if (length <= FEW_BYTES) {
      const { buffer } = this;
      for (let byte = 0; byte < length; byte++) buffer[at + byte] = message[begin + byte]!;
    } else message.copy(this.buffer, at, begin, begin + length);
  }

  /** Emits what has been written. */
  flush(): void {
    const { length } = this;
    if (length === 0) return;
    this.length = 0;
    this.emit(this.buffer.subarray(0, length));
  }

  /** Writes a header and makes room for what follows; answers with where that begins. */
  private header(command: number, fragment: number, ts: number, sn: number, length: number): number {
    if (this.length + SEGMENT_HEADER + length > this.size) this.flush();
    if (this.buffer === NO_BYTES) this.buffer = Buffer.allocUnsafeSlow(this.size);
    const { buffer } = this;
    const at = this.length;
    writeUint32(buffer, at, this.conversation);
    buffer[at + 4] = command;
    buffer[at + 5] = fragment;
    writeUint16(buffer, at + 6, this.window);
    writeUint32(buffer, at + 8, ts);
    writeUint32(buffer, at + 12, sn);
    writeUint32(buffer, at + 16, this.una);
    writeUint32(buffer, at + 20, length);
    this.length = at + SEGMENT_HEADER + length;
    return at + SEGMENT_HEADER;
  }
}
