import type { Codec, Encoder } from '../codec/codec.ts';
import { type WsDeflateOptions, deflateSettings } from './deflate/deflate-options.ts';
import type { DeflateAgreement } from './deflate/negotiation.ts';
import { perMessageDeflate } from './deflate/permessage-deflate.ts';
import { WsFrameDecoder } from './frame-decoder.ts';
import type { WsFrameEvent } from './frame-event.ts';
import { type WsFrameInit, WsFrameEncoder } from './frame-encoder.ts';
import { FrameWriter } from './frame-writer.ts';
import { type MaskKeys, randomKeys } from './mask-keys.ts';
import type { WsControlOutgoing, WsEvent, WsSendable } from './message.ts';
import { WsMessageDecoder } from './message-decoder.ts';
import type { WsRole } from './opcode.ts';
import {
  type WsFrameOptions,
  type WsMessageOptions,
  checkRole,
  frameRules,
  messageSettings,
} from './options.ts';
import { EmittingOutput } from './output.ts';

/** Options of {@link wsCodec}. */
export interface WsCodecOptions extends WsMessageOptions {
  /**
   * What was agreed on about permessage-deflate, and how to compress.
   * @default messages are not compressed
   */
  readonly deflate?:
    { readonly agreement: DeflateAgreement; readonly options?: WsDeflateOptions } | undefined;
  /**
   * Where the keys come from that a client masks with. Anything but the default is for tests.
   * @default keys that nobody can foresee
   */
  readonly keys?: MaskKeys | undefined;
}

/** What {@link wsCodec} sends. */
export type WsCodecOutgoing = WsSendable | WsControlOutgoing;

/**
 * WebSocket behind its handshake, as a codec: messages and control frames in, messages and control frames out, strictly by
 * RFC 6455. It answers nothing by itself; a `WsSession` does.
 *
 * @param role Which end this is.
 * @throws OptionError (`ERR_OPTION`)
 *
 * @example
 * const socket = connection.through(wsCodec('server'));
 * socket.receive$.subscribe((event) => {
 *   if (event.type === 'text' || event.type === 'binary') socket.send(event); // echo
 * });
 */
export function wsCodec(
  role: WsRole,
  { deflate, keys = randomKeys, ...options }: WsCodecOptions = {},
): Codec<Uint8Array, WsEvent, Uint8Array, WsCodecOutgoing> {
  const settings = messageSettings(options);
  const deflating = deflateSettings(deflate?.options);
  const isClient = checkRole(role) === 'client';
  const compression = () =>
    deflate === undefined ? undefined : perMessageDeflate(role, deflate.agreement, deflating);
  return {
    decoder: () => new WsMessageDecoder(role, settings, compression()?.inflater),
    encoder: () =>
      new MessageEncoder(
        new FrameWriter({
          keys: isClient ? keys : undefined,
          fragmentSize: settings.fragmentSize,
          deflater: compression()?.deflater,
        }),
      ),
  };
}

class MessageEncoder implements Encoder<WsCodecOutgoing, Uint8Array> {
  private readonly writer: FrameWriter;
  private readonly output = new EmittingOutput();

  constructor(writer: FrameWriter) {
    this.writer = writer;
  }

  push(message: WsCodecOutgoing, emit: (piece: Uint8Array) => void): void {
    const { writer, output } = this;
    output.emit = emit;
    if (isControl(message)) writer.control(output, message);
    else writer.message(output, message);
  }
}

function isControl(message: WsCodecOutgoing): message is WsControlOutgoing {
  if (typeof message === 'string' || message instanceof Uint8Array) return false;
  const { type } = message as { type?: unknown };
  return type === 'ping' || type === 'pong' || type === 'close';
}

/** Options of {@link wsFrameCodec}. */
export interface WsFrameCodecOptions extends WsFrameOptions {
  /**
   * Where the keys come from of frames that bring none, for a client.
   * @default keys that nobody can foresee
   */
  readonly keys?: MaskKeys | undefined;
}

/**
 * Single frames of WebSocket, as a codec: their events in, frames with whatever header out; for those who want to see the
 * frames as the original shows them. What is sent is not checked.
 *
 * @throws OptionError (`ERR_OPTION`)
 *
 * @example
 * const frames = connection.through(wsFrameCodec('client'));
 * frames.send({ opcode: 1, fin: false, data: 'Hel' }, { opcode: 0, data: 'lo' });
 */
export function wsFrameCodec(
  role: WsRole,
  { keys = randomKeys, ...options }: WsFrameCodecOptions = {},
): Codec<Uint8Array, WsFrameEvent, Uint8Array, WsFrameInit> {
  const rules = frameRules(role, options);
  return {
    decoder: () => new WsFrameDecoder(role, rules),
    encoder: () => new WsFrameEncoder(role, keys),
  };
}
