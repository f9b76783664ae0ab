import { isUtf8 } from 'node:buffer';
import { Assembly } from './assembly.ts';
import { type CloseFrame, readClose } from './close-code.ts';
import type { Inflater } from './deflate/inflater.ts';
import { headerLength } from './frame-header.ts';
import { FrameParser, type FrameSink } from './frame-parser.ts';
import { WsMessage } from './message.ts';
import { FIN, FIRST_CONTROL, MAX_CONTROL, OPCODE, OPCODES, RSV1, type WsRole } from './opcode.ts';
import { type WsMessageSettings, rulesOfMessages } from './options.ts';
import { Utf8Check } from './utf8-check.ts';
import { WsError } from './ws-error.ts';

/** Takes what comes of frames, in order. */
export interface MessageSink {
  takeMessage(message: WsMessage): void;
  takePing(data: Buffer): void;
  takePong(data: Buffer): void;
  /** The peer closes; nothing comes behind it. */
  takeClose(frame: CloseFrame): void;
}

const TEXT = FIN | OPCODES.text;
const BINARY = FIN | OPCODES.binary;

const EMPTY = Buffer.alloc(0);

/**
 * Puts messages together from frames: fragments, with control frames in between; checks that texts are UTF-8 as they
 * arrive; inflates. It knows the limit of a message before it takes memory for it.
 */
export class MessageAssembler implements FrameSink {
  private readonly maxMessageSize: number;
  private readonly inflater: Inflater | undefined;
  private readonly sink: MessageSink;
  /** Stopped behind a close frame. */
  private readonly parser: FrameParser | undefined;
  /** The first byte of the message that is under way; 0 if there is none. */
  private kind = 0;
  /** The first byte of the frame that is cut. */
  private current = 0;
  private assembly: Assembly | undefined = undefined;
  private utf8: Utf8Check | undefined = undefined;
  /** What has come of a control frame. */
  private control: Buffer | undefined = undefined;
  private controlLength = 0;
  /** Bytes announced for the message, of all its frames so far. */
  private announced = 0;
  /** Bytes of the frames of the message that are complete, headers included. */
  private behind = 0;
  /** Bytes of the frame that is cut, header included. */
  private currentSize = 0;

  constructor(
    maxMessageSize: number,
    inflater: Inflater | undefined,
    sink: MessageSink,
    parser?: FrameParser,
  ) {
    this.maxMessageSize = maxMessageSize;
    this.inflater = inflater;
    this.sink = sink;
    this.parser = parser;
  }

  /** Bytes that have come of a message that is not complete, in frames that are. */
  get residue(): number {
    return this.behind;
  }

  whole(first: number, key: number, body: Buffer, isAscii: boolean): void {
    const { length } = body;
    if (first === BINARY && length <= this.maxMessageSize) {
      this.sink.takeMessage(new WsMessage('binary', body));
    } else if (first === TEXT && length <= this.maxMessageSize) {
      if (!isAscii && !isUtf8(body)) throw new WsError('utf8');
      this.sink.takeMessage(new WsMessage('text', body));
    } else if ((first & OPCODE) >= FIRST_CONTROL) {
      this.takeControl(first, body);
    } else {
      this.wholePart(first, key, body, isAscii);
    }
  }

  begin(first: number, key: number, length: number): void {
    this.current = first;
    this.currentSize = length + headerLength(length, key !== 0);
    if ((first & OPCODE) < FIRST_CONTROL) this.beginPart(first, length);
  }

  piece(bytes: Buffer, isAscii: boolean): void {
    if ((this.current & OPCODE) < FIRST_CONTROL) {
      this.checkText(bytes, isAscii);
      this.assembly!.append(bytes);
      return;
    }
    this.control ??= Buffer.allocUnsafeSlow(MAX_CONTROL);
    bytes.copy(this.control, this.controlLength);
    this.controlLength += bytes.length;
  }

  finish(): void {
    const { current } = this;
    if ((current & OPCODE) < FIRST_CONTROL) {
      this.finishPart(current, this.currentSize);
      return;
    }
    const body = this.control?.subarray(0, this.controlLength) ?? EMPTY;
    this.control = undefined;
    this.controlLength = 0;
    this.takeControl(current, body);
  }

  /** Forgets what there is of a message. */
  reset(): void {
    this.kind = 0;
    this.behind = 0;
    this.announced = 0;
    this.assembly = undefined;
    this.utf8 = undefined;
    this.control = undefined;
    this.controlLength = 0;
  }

  /** A frame that lies in one chunk, of a message in fragments or a compressed one. */
  private wholePart(first: number, key: number, body: Buffer, isAscii: boolean): void {
    this.beginPart(first, body.length);
    if (first >= FIN && this.kind === first) {
      this.complete(body);
      return;
    }
    if (body.length > 0) {
      this.checkText(body, isAscii);
      this.assembly!.append(body);
    }
    this.finishPart(first, body.length + headerLength(body.length, key !== 0));
  }

  private beginPart(first: number, length: number): void {
    if ((first & OPCODE) === OPCODES.continuation) {
      if ((first & RSV1) !== 0) throw new WsError('reserved-bits', '4 in front of a continuation');
      if (this.kind === 0) throw new WsError('continuation');
    } else {
      this.kind = first;
      this.announced = 0;
      this.behind = 0;
      this.utf8?.reset();
    }
    const announced = this.announced + length;
    if (announced > this.maxMessageSize) throw tooLong(announced, this.maxMessageSize);
    this.announced = announced;
    this.assembly ??= new Assembly();
    this.assembly.expect(length, first >= FIN);
  }

  /** Finds what cannot become UTF-8 any more, wherever it is cut. */
  private checkText(bytes: Buffer, isAscii: boolean): void {
    if ((this.kind & (OPCODE | RSV1)) !== OPCODES.text) return;
    const utf8 = (this.utf8 ??= new Utf8Check());
    if (isAscii && utf8.isComplete) return;
    if (!utf8.push(bytes)) throw new WsError('utf8');
  }

  private finishPart(first: number, size: number): void {
    if (first < FIN) {
      this.behind += size;
      return;
    }
    if (this.utf8?.isComplete === false) throw new WsError('utf8', 'it ends within a character');
    this.complete(this.assembly!.take());
  }

  /** All of a message is there; if it was text and not compressed, it has been checked. */
  private complete(content: Buffer): void {
    const { kind } = this;
    const isText = (kind & OPCODE) === OPCODES.text;
    this.kind = 0;
    this.behind = 0;
    let data = content;
    if ((kind & RSV1) !== 0) {
      this.assembly!.take();
      data = this.inflater!.inflate(content, this.maxMessageSize);
      if (isText && !isUtf8(data)) throw new WsError('utf8', 'behind inflation');
    }
    this.sink.takeMessage(new WsMessage(isText ? 'text' : 'binary', data));
  }

  private takeControl(first: number, body: Buffer): void {
    if ((first & RSV1) !== 0) throw new WsError('reserved-bits', `4 in front of opcode ${first & OPCODE}`);
    switch (first & OPCODE) {
      case OPCODES.ping:
        this.sink.takePing(body);
        return;
      case OPCODES.pong:
        this.sink.takePong(body);
        return;
      default: {
        const frame = readClose(body);
        this.parser?.stop();
        this.reset();
        this.sink.takeClose(frame);
      }
    }
  }
}

function tooLong(length: number, most: number): WsError {
  return new WsError(
    'message-length',
    `${length} bytes and more, ${most} are allowed (option maxMessageSize)`,
  );
}

/** From bytes to messages: a parser and an assembler. Behind a close frame it passes over everything. */
export class MessageReader {
  private readonly parser: FrameParser;
  private readonly assembler: MessageAssembler;

  constructor(role: WsRole, settings: WsMessageSettings, inflater: Inflater | undefined, sink: MessageSink) {
    const parser = new FrameParser(rulesOfMessages(role, settings, inflater !== undefined));
    this.parser = parser;
    this.assembler = new MessageAssembler(settings.maxMessageSize, inflater, sink, parser);
  }

  /** Bytes that have come of a message that is not complete, and of a control frame within it. */
  get residue(): number {
    return this.assembler.residue + this.parser.residue;
  }

  /** @throws WsError; what is in front of the fault has been given to the sink. */
  push(chunk: Uint8Array): void {
    this.parser.push(chunk, this.assembler);
  }

  /** Passes over all that is still to come, and forgets what has. */
  stop(): void {
    this.parser.stop();
    this.assembler.reset();
  }

  /** @throws WsError `ERR_WS_TRUNCATED` within a message. */
  end(): void {
    const { residue } = this;
    this.stop();
    if (residue > 0) throw new WsError('truncated', `${residue} bytes into it`);
  }
}
