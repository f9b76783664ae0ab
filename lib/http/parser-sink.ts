import type { HttpFields } from './fields.ts';

/**
 * What becomes of a message, once its head is known:
 *
 * - `continue`: what the head says. A message that asks for an upgrade, and is not answered otherwise, is the last one of
 *   HTTP: {@link HttpSink.upgraded} follows it.
 * - `skip-body`: it has no body, whatever the head says; the next message follows at once.
 * - `upgrade`: it has no body, and what follows is no longer HTTP.
 * - `stay`: as `continue`, but HTTP goes on although the head asks for an upgrade. (Not after CONNECT.)
 */
export type HeadDecision = 'continue' | 'skip-body' | 'upgrade' | 'stay';

/**
 * Takes what a parser finds. The methods are called in the order of the bytes, and each may call `pause()` of the parser.
 * For a message without body: `messageBegin`, `head`, `messageComplete`. With one, in between: `body` as often as it
 * takes; or for each chunk `chunkHeader`, `body`, `chunkComplete`, the last chunk being the one of no bytes, within which
 * come the `trailers`.
 *
 * @typeParam Head RequestHead or ResponseHead.
 */
export interface HttpSink<Head> {
  /** The first byte of a message has come. */
  messageBegin(): void;
  /** The head is complete and checked. */
  head(head: Head): HeadDecision;
  /** A part of the body, as it came; never empty. It is a view of the chunk, and belongs to the sink from now on. */
  body(bytes: Buffer): void;
  /** A chunk of so many bytes begins. `extensions` is the text behind the first semicolon of its line, mostly empty. */
  chunkHeader(length: number, extensions: string): void;
  /** The chunk has ended. */
  chunkComplete(): void;
  /** There are fields behind the body; at least one. They are never fields that say how or where messages go. */
  trailers(fields: HttpFields): void;
  /** The message is complete. */
  messageComplete(): void;
  /** HTTP has ended with the message that has been completed. `rest` came behind it, and may be empty. */
  upgraded(rest: Buffer): void;
}
