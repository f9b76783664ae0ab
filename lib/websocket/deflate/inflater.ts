import { type InflateRaw, type ZlibOptions, constants, inflateRawSync } from 'node:zlib';
import { viewOf } from '../../bytes/view.ts';
import { WsError } from '../ws-error.ts';
import { SlidingWindow } from './window.ts';

/** How messages were compressed. */
export interface InflaterOptions {
  /** 8 to 15: how far back a match may be. */
  readonly windowBits: number;
  /** Whether each message was compressed by itself. */
  readonly noContextTakeover: boolean;
}

/**
 * Behind a message: what its sender took off, and an empty block that is the last one. If zlib does not arrive at its end,
 * the message was cut or had something behind it.
 */
const ENDING = Uint8Array.of(0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff);

/** How often a message may have a last block in its midst (RFC 7692 section 7.2.3.4): each costs a call of zlib. */
const MOST_STREAMS = 8;

const EMPTY = Buffer.alloc(0);

/**
 * Inflates messages (RFC 7692 section 7.2.2), each in one call that returns when it is done. Between messages nothing is
 * kept but, with context takeover, the window.
 */
export class Inflater {
  private readonly windowBits: number;
  private readonly window: SlidingWindow | undefined;

  constructor({ windowBits, noContextTakeover }: InflaterOptions) {
    this.windowBits = windowBits;
    this.window = noContextTakeover ? undefined : new SlidingWindow(windowBits);
  }

  /**
   * Inflates the payload of a message, all fragments together.
   *
   * @param limit Most bytes that may come of it.
   * @throws WsError `ERR_WS_TOO_LONG` as soon as there are more, `ERR_WS_DEFLATE` if it is not what DEFLATE makes.
   */
  inflate(payload: Uint8Array, limit: number): Buffer {
    const message = this.inflateAll(withEnding(payload), limit);
    this.window?.push(message);
    return message;
  }

  private inflateAll(input: Buffer, limit: number): Buffer {
    let rest = input;
    let message: Buffer = EMPTY;
    for (let streams = 0; streams < MOST_STREAMS; streams++) {
      const { output, used } = this.run(rest, limit, message);
      message = message.length === 0 ? output : Buffer.concat([message, output]);
      if (message.length > limit) throw tooLong(limit);
      // A peer may forget the byte that has to follow a last block (section 7.2.3.4).
      if (used >= rest.length - ENDING.length) return message;
      rest = rest.subarray(used);
    }
    throw new WsError('inflate', `more than ${MOST_STREAMS} last blocks`);
  }

  private run(input: Buffer, limit: number, before: Buffer): { output: Buffer; used: number } {
    const { windowBits } = this;
    const dictionary = this.dictionaryWith(before);
    const options: ZlibOptions = {
      windowBits,
      info: true,
      finishFlush: constants.Z_FINISH,
      maxOutputLength: Math.max(1, limit - before.length),
      chunkSize: sizeFor(input.length),
      ...(dictionary === undefined ? {} : { dictionary }),
    };
    try {
      // With `info` it answers with more than its declaration says.
      const made = inflateRawSync(input, options) as unknown as { buffer: Buffer; engine: InflateRaw };
      return { output: made.buffer, used: made.engine.bytesWritten };
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong(limit);
      throw new WsError('inflate', (cause as Error).message, { cause });
    }
  }

  /** What matches may refer to: the messages before, and what there is of this one. */
  private dictionaryWith(before: Buffer): Buffer | undefined {
    const window = this.window?.content;
    if (before.length === 0) return window;
    const all = window === undefined ? before : Buffer.concat([window, before]);
    return all.subarray(Math.max(0, all.length - 2 ** this.windowBits));
  }
}

function withEnding(payload: Uint8Array): Buffer {
  const { length } = payload;
  const size = length + ENDING.length;
  const input = size < 4096 ? viewOf(scratch.buffer, 0, size) : Buffer.allocUnsafeSlow(size);
  input.set(payload);
  input.set(ENDING, length);
  return input;
}

/** Input up to this length is read within the call, so that all can share the memory. */
const scratch = new Uint8Array(4096);

/** Memory for the result, which is mostly longer than the payload. */
function sizeFor(length: number): number {
  return Math.min(Math.max(256, length * 4), 64 * 1024);
}

function tooLong(limit: number): WsError {
  return new WsError('inflated-length', `${limit} bytes are allowed (option maxMessageSize)`);
}
