import { constants, deflateRawSync } from 'node:zlib';
import { SlidingWindow } from './window.ts';

/** How messages are compressed. */
export interface DeflaterOptions {
  /** Shorter messages are not compressed, in bytes. */
  readonly threshold: number;
  /** 1 (quick) to 9 (small). */
  readonly level: number;
  /** 1 to 9; how much memory zlib takes meanwhile, at most: short messages need less. */
  readonly memLevel: number;
  /** 8 to 15: how far back a match may be. */
  readonly windowBits: number;
  /** Whether each message is compressed by itself. */
  readonly noContextTakeover: boolean;
}

/** What zlib writes at the end of a block that is flushed, and what RFC 7692 section 7.2.1 takes off. */
const TAIL = 4;

/**
 * Compresses messages (RFC 7692 section 7.2.1), each in one call that returns when it is done: they stay in order, and no
 * state of zlib is kept in between.
 */
export class Deflater {
  /** Shorter messages are not compressed. */
  readonly threshold: number;
  private readonly options: DeflaterOptions;
  private readonly window: SlidingWindow | undefined;

  constructor(options: DeflaterOptions) {
    this.threshold = Math.max(1, options.threshold);
    this.options = options;
    this.window = options.noContextTakeover ? undefined : new SlidingWindow(options.windowBits);
  }

  /** The compressed message; `undefined` if it is better sent as it is. */
  deflate(message: Uint8Array): Buffer | undefined {
    if (message.length < this.threshold) return undefined;
    const { level, memLevel, windowBits } = this.options;
    const dictionary = this.window?.content;
    const needed = bitsFor(message.length + (dictionary?.length ?? 0));
    const deflated = deflateRawSync(message, {
      level,
      memLevel: Math.min(memLevel, needed - 6),
      // With 9 zlib looks back no further than 250 bytes, which is within 8, too.
      windowBits: Math.max(9, Math.min(needed, windowBits)),
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: sizeFor(message.length),
      ...(dictionary === undefined ? {} : { dictionary }),
    });
    const length = deflated.length - TAIL;
    if (length >= message.length) return undefined;
    this.window?.push(message);
    return deflated.subarray(0, length);
  }
}

/** What zlib wants to have beside the bytes that it looks back on. */
const LOOKAHEAD = 262;

/** The window that all of so many bytes fit into: a larger one would only have to be set up. 9 to 15. */
function bitsFor(length: number): number {
  return Math.min(15, Math.max(9, 32 - Math.clz32(length + LOOKAHEAD)));
}

/** Memory for the result, which is mostly shorter than the message. */
function sizeFor(length: number): number {
  return Math.min(Math.max(256, length >> 1), 64 * 1024);
}
