import type { Decoder } from '../codec/codec.ts';
import type { CloseFrame } from './close-code.ts';
import type { Inflater } from './deflate/inflater.ts';
import type { WsEvent, WsMessage } from './message.ts';
import { MessageReader, type MessageSink } from './message-reader.ts';
import type { WsRole } from './opcode.ts';
import { type WsMessageOptions, messageSettings } from './options.ts';

/** Hands on what it takes to a function. */
export class EmittingSink implements MessageSink {
  emit: (event: WsEvent) => void = ignore;

  takeMessage(message: WsMessage): void {
    this.emit(message);
  }

  takePing(data: Buffer): void {
    this.emit({ type: 'ping', data });
  }

  takePong(data: Buffer): void {
    this.emit({ type: 'pong', data });
  }

  takeClose({ code, reason }: CloseFrame): void {
    this.emit({ type: 'close', code, reason });
  }
}

/**
 * Decodes a stream into messages and control frames, strictly by RFC 6455 and, with an inflater, RFC 7692. Bodies that lie
 * in one chunk are views of it, unmasked in place. Behind a close frame everything is passed over.
 *
 * It answers nothing: that is what `WsSession` is for.
 *
 * @example
 * const decoder = new WsMessageDecoder('client');
 * decoder.push(hex('81 02 68 69'), (event) => {
 *   if (event instanceof WsMessage) console.log(event.type, event.text); // text hi
 * });
 */
export class WsMessageDecoder implements Decoder<Uint8Array, WsEvent> {
  private readonly reader: MessageReader;
  private readonly sink = new EmittingSink();

  /**
   * @param role Who receives.
   * @param inflater For what was negotiated; without, compressed messages are refused.
   * @throws OptionError (`ERR_OPTION`)
   */
  constructor(role: WsRole, options?: WsMessageOptions, inflater?: Inflater) {
    this.reader = new MessageReader(role, messageSettings(options), inflater, this.sink);
  }

  get residue(): number {
    return this.reader.residue;
  }

  push(chunk: Uint8Array, emit: (event: WsEvent) => void): void {
    this.sink.emit = emit;
    try {
      this.reader.push(chunk);
    } finally {
      this.sink.emit = ignore;
    }
  }

  end(): void {
    this.reader.end();
  }
}

function ignore(): void {}
