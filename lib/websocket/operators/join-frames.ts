import { Observable, type OperatorFunction } from 'rxjs';
import { Relay } from '../../flow/relay.ts';
import { type WsDeflateOptions, deflateSettings } from '../deflate/deflate-options.ts';
import type { DeflateAgreement } from '../deflate/negotiation.ts';
import { perMessageDeflate } from '../deflate/permessage-deflate.ts';
import type { WsFrameEvent } from '../frame-event.ts';
import { FrameJoiner } from '../frame-joiner.ts';
import type { WsEvent } from '../message.ts';
import type { WsRole } from '../opcode.ts';
import { messageSettings } from '../options.ts';

/** Options of {@link joinFrames}. */
export interface JoinFramesOptions {
  /**
   * Longest message, in bytes, all fragments together, inflated if it was compressed. 0 to 2^30.
   * @default 1048576 (1 MiB)
   */
  readonly maxMessageSize?: number;
  /**
   * What was agreed on about permessage-deflate. `wsFrames` has to let RSV1 through then: `{ rsv: 4 }`.
   * @default messages are not compressed
   */
  readonly deflate?:
    { readonly agreement: DeflateAgreement; readonly options?: WsDeflateOptions } | undefined;
}

/**
 * Events of frames to messages and control frames: the second half of {@link wsMessages}, for those who look at the frames in
 * between, or change them.
 *
 * Keeps one message, up to `maxMessageSize`. Errors with a `WsError` for what cannot be joined, and when the source completes
 * within a message. Completes with the source; frames behind a close frame are passed over.
 *
 * @param role Who receives.
 * @throws OptionError (`ERR_OPTION`) at once.
 *
 * @example
 * connection.receive$.pipe(wsFrames('server'), tap(count), joinFrames('server')).subscribe(handle);
 */
export function joinFrames(
  role: WsRole,
  { deflate, ...options }: JoinFramesOptions = {},
): OperatorFunction<WsFrameEvent, WsEvent> {
  const settings = messageSettings(options);
  const deflating = deflateSettings(deflate?.options);
  return (source) =>
    new Observable((subscriber) => {
      const inflater =
        deflate === undefined ? undefined : perMessageDeflate(role, deflate.agreement, deflating).inflater;
      const joiner = new FrameJoiner(role, settings.maxMessageSize, inflater, (event) =>
        subscriber.next(event),
      );
      source.subscribe(
        new Relay<WsFrameEvent, WsEvent>(
          subscriber,
          (event) => joiner.push(event),
          () => {
            joiner.end();
            subscriber.complete();
          },
        ),
      );
    });
}
