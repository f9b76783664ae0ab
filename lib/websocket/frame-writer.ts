import { toBytes } from '../bytes/bytes-like.ts';
import { closeBody } from './close-code.ts';
import type { Deflater } from './deflate/deflater.ts';
import { MAX_HEADER, headerLength, putHeader, putKey } from './frame-header.ts';
import { applyMask } from './mask.ts';
import type { MaskKeys } from './mask-keys.ts';
import type { WsControlOutgoing, WsOutgoing, WsSendable } from './message.ts';
import { FIN, MAX_CONTROL, OPCODES, RSV1 } from './opcode.ts';
import type { WsOutput } from './output.ts';
import { unsendable } from './ws-error.ts';

/** Bodies below this size are copied behind their header; see `SMALL` of the send policies. */
const SMALL = 8 * 1024;

/** What is masked or made of text has to be written anyway: up to this size into the block with all the others. */
const IN_BLOCK = 64 * 1024;

/** A text of this many characters is short enough for a header of two bytes, whatever the characters are. */
const SHORT_TEXT = 41;

/** How messages are written. */
export interface FrameWriterOptions {
  /** Where the keys come from, for a client; a server has none. */
  readonly keys: MaskKeys | undefined;
  /** Longest frame; 0 is no limit. */
  readonly fragmentSize: number;
  /** For what was negotiated. */
  readonly deflater: Deflater | undefined;
}

/** A Buffer as Node has it; its declarations leave the quick forms out. */
interface Utf8Buffer {
  utf8Write(text: string, at: number): number;
}

/**
 * Writes frames, of messages whole or in fragments, and of control. Small ones go straight to their place; large ones are
 * handed on as they are, unless they have to be masked.
 */
export class FrameWriter {
  private readonly keys: MaskKeys | undefined;
  private readonly maskBit: 0 | 0x80;
  private readonly fragmentSize: number;
  private readonly deflater: Deflater | undefined;
  /** The opcode of the message of which only parts have been sent; 0 if there is none. */
  private unfinished = 0;

  constructor({ keys, fragmentSize, deflater }: FrameWriterOptions) {
    this.keys = keys;
    this.maskBit = keys === undefined ? 0 : 0x80;
    this.fragmentSize = fragmentSize === 0 ? Infinity : fragmentSize;
    this.deflater = deflater;
  }

  /**
   * Writes a message, or a part of one.
   *
   * @throws WsError `ERR_WS_SEND` when parts of another message are under way; nothing has been written then.
   * @throws OptionError (`ERR_OPTION`) for what is neither bytes nor text.
   */
  message(output: WsOutput, message: WsSendable): void {
    if (typeof message === 'string') this.text(output, message);
    else if (message instanceof Uint8Array) this.whole(output, OPCODES.binary, message);
    else if (isOutgoing(message)) this.outgoing(output, message);
    else this.whole(output, OPCODES.binary, toBytes(message));
  }

  /**
   * Writes a control frame.
   *
   * @throws WsError `ERR_WS_SEND` for more than 125 bytes, an illegal close code or reason.
   */
  control(output: WsOutput, frame: WsControlOutgoing): void {
    if (frame.type === 'close') {
      this.frame(output, FIN | OPCODES.close, closeBody(frame.code, frame.reason));
      return;
    }
    const body = toBytes(frame.data ?? EMPTY);
    if (body.length > MAX_CONTROL)
      throw unsendable(`a ${frame.type} of ${body.length} bytes, ${MAX_CONTROL} are allowed`);
    this.frame(output, FIN | OPCODES[frame.type], body);
  }

  /** Writes one frame; the first byte is taken as it is. */
  frame(output: WsOutput, first: number, body: Uint8Array): void {
    const { length } = body;
    if (length >= SMALL) {
      this.largeFrame(output, first, body);
      return;
    }
    const block = output.space(length + MAX_HEADER);
    let at = putHeader(block, output.at, first, length, this.maskBit);
    if (this.keys === undefined) {
      put(block, at, body);
    } else {
      const key = this.keys.next();
      at = putKey(block, at, key);
      put(block, at, body);
      applyMask(block, at, at + length, key);
    }
    output.filled(at + length);
  }

  private largeFrame(output: WsOutput, first: number, body: Uint8Array): void {
    const { length } = body;
    const { keys, maskBit } = this;
    if (keys === undefined) {
      output.filled(putHeader(output.space(MAX_HEADER), output.at, first, length, 0));
      output.append(body);
      return;
    }
    const key = keys.next();
    const isInBlock = length <= IN_BLOCK;
    const size = length + headerLength(length, true);
    const target = isInBlock ? output.space(size) : Buffer.allocUnsafeSlow(size);
    const start = isInBlock ? output.at : 0;
    const at = putKey(target, putHeader(target, start, first, length, maskBit), key);
    target.set(body, at);
    applyMask(target, at, at + length, key);
    if (isInBlock) output.filled(at + length);
    else output.append(target);
  }

  /** A text, which is made to bytes where they are to be. */
  private text(output: WsOutput, text: string): void {
    const { length } = text;
    if (
      length > SHORT_TEXT ||
      this.deflater !== undefined ||
      this.fragmentSize < 125 ||
      this.unfinished !== 0
    ) {
      this.longText(output, text);
      return;
    }
    const block = output.space(MAX_HEADER + 3 * length);
    const start = output.at;
    const begin = start + 2 + (this.maskBit === 0 ? 0 : 4);
    const end = begin + putText(block, begin, text);
    block[start] = FIN | OPCODES.text;
    block[start + 1] = this.maskBit | (end - begin);
    if (this.keys !== undefined) {
      const key = this.keys.next();
      putKey(block, start + 2, key);
      applyMask(block, begin, end, key);
    }
    output.filled(end);
  }

  private longText(output: WsOutput, text: string): void {
    const size = Buffer.byteLength(text, 'utf8');
    const isCompressed = this.deflater !== undefined && size >= this.deflater.threshold;
    if (size > IN_BLOCK || isCompressed || size > this.fragmentSize || this.unfinished !== 0) {
      this.whole(output, OPCODES.text, Buffer.from(text, 'utf8'));
      return;
    }
    const block = output.space(size + MAX_HEADER);
    let at = putHeader(block, output.at, FIN | OPCODES.text, size, this.maskBit);
    const key = this.keys?.next() ?? 0;
    if (this.maskBit !== 0) at = putKey(block, at, key);
    (block as unknown as Utf8Buffer).utf8Write(text, at);
    if (this.maskBit !== 0) applyMask(block, at, at + size, key);
    output.filled(at + size);
  }

  private outgoing(output: WsOutput, { type, data, final = true }: WsOutgoing): void {
    const opcode = type === 'text' ? OPCODES.text : OPCODES.binary;
    if (final && this.unfinished === 0) {
      if (typeof data === 'string' && type === 'text') this.text(output, data);
      else this.whole(output, opcode, toBytes(data));
      return;
    }
    if (this.unfinished !== 0 && this.unfinished !== opcode)
      throw unsendable(`a part that is ${type} of a message that is not`);
    const body = toBytes(data);
    const first = this.unfinished === 0 ? opcode : OPCODES.continuation;
    this.unfinished = final ? 0 : opcode;
    this.inFrames(output, first, body, final);
  }

  private whole(output: WsOutput, opcode: number, body: Uint8Array): void {
    if (this.unfinished !== 0) throw unsendable('a message while parts of another are under way');
    const deflated = this.deflater?.deflate(body);
    if (deflated !== undefined) this.inFrames(output, RSV1 | opcode, deflated, true);
    else if (body.length <= this.fragmentSize) this.frame(output, FIN | opcode, body);
    else this.inFrames(output, opcode, body, true);
  }

  private inFrames(output: WsOutput, opcode: number, body: Uint8Array, final: boolean): void {
    const { length } = body;
    const { fragmentSize } = this;
    let first = opcode;
    let at = 0;
    for (; length - at > fragmentSize; at += fragmentSize) {
      this.frame(output, first, body.subarray(at, at + fragmentSize));
      first = OPCODES.continuation;
    }
    this.frame(output, final ? FIN | first : first, at === 0 ? body : body.subarray(at));
  }
}

/** Whether something says that it is a message; `ArrayBuffer` and its like do not. */
function isOutgoing(message: ArrayBuffer | WsOutgoing): message is WsOutgoing {
  const { type } = message as { type?: unknown };
  return type === 'text' || type === 'binary';
}

/** Found once: looking a method up takes longer than copying a small body. */
const copyInto = Uint8Array.prototype.set;

function put(target: Uint8Array, at: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > 16) copyInto.call(target, bytes, at);
  else for (let index = 0; index < length; index++) target[at + index] = bytes[index]!;
}

/** Writes a short text; ASCII, as far as it goes, without asking Node. Answers with how many bytes it takes. */
function putText(target: Uint8Array, at: number, text: string): number {
  const { length } = text;
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return (target as unknown as Utf8Buffer).utf8Write(text, at);
    target[at + index] = code;
  }
  return length;
}

const EMPTY = new Uint8Array(0);
