import type { Decoder } from '../codec/codec.ts';
import type { WsFrameEvent, WsFrameHeader, WsFrameState } from './frame-event.ts';
import type { HeaderRules } from './frame-header.ts';
import { FrameParser, type FrameSink } from './frame-parser.ts';
import { keyBytes } from './mask.ts';
import { FIN, OPCODE, RSV, type WsRole } from './opcode.ts';
import { type WsFrameOptions, frameRules } from './options.ts';

const COMPLETE = Object.freeze({ type: 'complete' } as const);

/**
 * Decodes a stream into events of frames; see {@link WsFrameEvent}. Bodies are handed on as they come, unmasked in place,
 * so that frames of any length need no memory. Nothing is assembled, answered or looked into: close, ping and compressed
 * frames are frames like others.
 *
 * @example
 * const decoder = new WsFrameDecoder('client');
 * decoder.push(hex('81 02 68 69'), (event) => console.log(event.type)); // header, body, complete
 */
export class WsFrameDecoder implements Decoder<Uint8Array, WsFrameEvent> {
  private readonly parser: FrameParser;
  private readonly sink: EventSink;

  /**
   * @param role Who receives: a server takes masked frames, a client frames that are not.
   * @param options Options, or what was made of them.
   * @throws OptionError (`ERR_OPTION`)
   */
  constructor(role: WsRole, options?: WsFrameOptions | HeaderRules) {
    const rules = options !== undefined && 'strict' in options ? options : frameRules(role, options);
    this.parser = new FrameParser(rules);
    this.sink = new EventSink(this.parser, rules.role === 'server');
  }

  get residue(): number {
    return this.parser.residue;
  }

  /** The frame that is being received, in the midst of its events too; `undefined` between frames. */
  get frame(): WsFrameState | undefined {
    return this.sink.state;
  }

  push(chunk: Uint8Array, emit: (event: WsFrameEvent) => void): void {
    const { sink } = this;
    sink.emit = emit;
    try {
      this.parser.push(chunk, sink);
    } finally {
      sink.emit = ignore;
    }
  }

  end(): void {
    this.parser.end();
  }
}

class EventSink implements FrameSink {
  emit: (event: WsFrameEvent) => void = ignore;
  private readonly parser: FrameParser;
  private readonly isMasked: boolean;
  private header: WsFrameHeader | undefined = undefined;
  /** What is left of a frame that is not cut. */
  private left = 0;

  constructor(parser: FrameParser, isMasked: boolean) {
    this.parser = parser;
    this.isMasked = isMasked;
  }

  get state(): WsFrameState | undefined {
    const { header, parser, left } = this;
    return header === undefined ? undefined : { ...header, remaining: parser.missing + left };
  }

  whole(first: number, key: number, body: Buffer): void {
    this.left = body.length;
    this.begin(first, key, body.length);
    this.left = 0;
    if (body.length > 0) this.piece(body);
    this.finish();
  }

  begin(first: number, key: number, length: number): void {
    this.header = {
      type: 'header',
      fin: first >= FIN,
      rsv: (first & RSV) >> 4,
      opcode: first & OPCODE,
      mask: this.isMasked ? keyBytes(key) : undefined,
      length,
    };
    this.emit(this.header);
  }

  piece(data: Buffer): void {
    this.emit({ type: 'body', data });
  }

  finish(): void {
    this.emit(COMPLETE);
    this.header = undefined;
  }
}

function ignore(): void {}
