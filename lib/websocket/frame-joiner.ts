import { viewOf } from '../bytes/view.ts';
import type { Inflater } from './deflate/inflater.ts';
import type { WsFrameEvent, WsFrameHeader } from './frame-event.ts';
import { type HeaderRules, checkStart } from './frame-header.ts';
import type { WsEvent } from './message.ts';
import { EmittingSink } from './message-decoder.ts';
import { MessageAssembler } from './message-reader.ts';
import { FIN, FIRST_CONTROL, RSV1, type WsRole } from './opcode.ts';
import { WsError } from './ws-error.ts';

/** Puts messages together from events of frames, whoever made them: all that is in a header is checked. */
export class FrameJoiner {
  private readonly rules: HeaderRules;
  private readonly assembler: MessageAssembler;
  private isFragmented = false;
  private isInFrame = false;
  /** Bytes of the body that are still to come. */
  private missing = 0;
  private isClosed = false;

  constructor(
    role: WsRole,
    maxMessageSize: number,
    inflater: Inflater | undefined,
    emit: (event: WsEvent) => void,
  ) {
    const sink = new EmittingSink();
    sink.emit = (event) => {
      this.isClosed = event.type === 'close';
      emit(event);
    };
    this.rules = {
      role,
      maxFrameSize: maxMessageSize,
      reserved: inflater === undefined ? 0 : RSV1,
      strict: true,
    };
    this.assembler = new MessageAssembler(maxMessageSize, inflater, sink);
  }

  /** @throws WsError */
  push(event: WsFrameEvent): void {
    if (this.isClosed) return;
    if (event.type === 'header') this.begin(event);
    else if (!this.isInFrame) throw new WsError('continuation', `${event.type} without a header`);
    else if (event.type === 'body') this.piece(event.data);
    else this.finish();
  }

  /** @throws WsError `ERR_WS_TRUNCATED` within a message. */
  end(): void {
    if (!this.isClosed && (this.isInFrame || this.isFragmented)) throw new WsError('truncated');
  }

  private begin({ fin, rsv, opcode, mask, length }: WsFrameHeader): void {
    const first = (fin ? FIN : 0) | (rsv << 4) | opcode;
    const second = (mask === undefined ? 0 : 0x80) | Math.min(length, 126);
    checkStart(first, second, this.isFragmented, this.rules);
    if (opcode < FIRST_CONTROL) this.isFragmented = !fin;
    this.isInFrame = true;
    this.missing = length;
    this.assembler.begin(first, mask === undefined ? 0 : 1, length);
  }

  private piece(data: Uint8Array): void {
    this.missing -= data.length;
    if (this.missing < 0) throw new WsError('frame-length', `${-this.missing} bytes more than announced`);
    this.assembler.piece(viewOf(data.buffer, data.byteOffset, data.length), false);
  }

  private finish(): void {
    if (this.missing > 0) throw new WsError('truncated', `${this.missing} bytes of a frame are missing`);
    this.isInFrame = false;
    this.assembler.finish();
  }
}
