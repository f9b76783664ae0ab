import type { OperatorFunction } from 'rxjs';
import { decode } from '../../framing/decode.ts';
import type { WsFrameEvent } from '../frame-event.ts';
import { WsFrameDecoder } from '../frame-decoder.ts';
import type { WsRole } from '../opcode.ts';
import { type WsFrameOptions, frameRules } from '../options.ts';

/**
 * Bytes to events of frames, one to one with those of the original; see {@link WsFrameEvent}. Nothing is kept but a header
 * that is cut; bodies are views of the chunks, unmasked in place, so that chunks must not be used by anybody else.
 *
 * Errors with a `WsError` for what is not a frame, after the events in front of the fault, and with `ERR_WS_TRUNCATED` when
 * the source completes within a frame. Completes with the source. Flow passes through.
 *
 * @param role Who receives: a server takes masked frames, a client frames that are not.
 * @throws OptionError (`ERR_OPTION`) at once.
 *
 * @example
 * connection.receive$.pipe(wsFrames('server')).subscribe((event) => {
 *   if (event.type === 'header') console.log(`opcode ${event.opcode}, ${event.length} bytes`);
 * });
 */
export function wsFrames(role: WsRole, options?: WsFrameOptions): OperatorFunction<Uint8Array, WsFrameEvent> {
  const rules = frameRules(role, options);
  return decode({ decoder: () => new WsFrameDecoder(role, rules) });
}
