import type { OperatorFunction } from 'rxjs';
import { decode } from '../../framing/decode.ts';
import { type WsCodecOptions, wsCodec } from '../codec.ts';
import type { WsEvent } from '../message.ts';
import type { WsRole } from '../opcode.ts';

/**
 * Bytes to messages and control frames of WebSocket, strictly by RFC 6455; the same as {@link wsFrames} and `joinFrames`
 * behind each other, but quicker.
 *
 * Keeps one message, up to `maxMessageSize`. Errors with a `WsError`, after what is in front of the fault, and with
 * `ERR_WS_TRUNCATED` when the source completes within a message. Completes with the source; behind a close frame everything
 * is passed over. Chunks must not be used by anybody else: they are unmasked in place. Flow passes through.
 *
 * @param role Who receives.
 * @throws OptionError (`ERR_OPTION`) at once.
 *
 * @example
 * connection.receive$
 *   .pipe(wsMessages('server', { maxMessageSize: 4096 }))
 *   .subscribe((event) => event.type === 'text' && console.log(event.text));
 */
export function wsMessages(role: WsRole, options?: WsCodecOptions): OperatorFunction<Uint8Array, WsEvent> {
  return decode(wsCodec(role, options));
}
