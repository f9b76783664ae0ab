/**
 * Turns what arrives into messages. Sans-IO: it is given input and answers with messages, and knows neither sockets
 * nor clocks. One decoder serves one stream.
 *
 * @typeParam I What it is given, mostly chunks of bytes, cut anywhere.
 * @typeParam M The messages.
 */
export interface Decoder<I, M> {
  /**
   * Takes the next piece of input and emits every message that is complete with it, in order, before it returns.
   * The piece belongs to the decoder from now on: messages may be views of it.
   *
   * @throws ProtocolError when the input is not what the codec speaks. Messages in front of the fault have been
   * emitted; nothing may be pushed afterwards.
   */
  push(chunk: I, emit: (message: M) => void): void;
  /**
   * The input has ended. Emits what the end makes complete.
   *
   * @throws ProtocolError `ERR_FRAME_TRUNCATED` when it ended within a message and the codec does not put up with that.
   */
  end?(emit: (message: M) => void): void;
  /**
   * Bytes (or items) of the message that is not complete: all since it began, whether they are kept or not; 0 between
   * messages.
   */
  readonly residue: number;
}

/**
 * Turns messages into what is sent. Sans-IO, one encoder for one stream.
 *
 * @typeParam N The messages.
 * @typeParam O What it makes, mostly bytes.
 */
export interface Encoder<N, O> {
  /**
   * Emits a message in its encoded form, in one piece or several. A piece of less than 8 KiB is the encoder's again
   * as soon as `emit` returns, so that a header can be written into the same few bytes every time; a larger one must
   * not be changed any more.
   *
   * @throws ProtocolError when the message cannot be encoded. Nothing of it is sent then, and the encoder goes on.
   */
  push(message: N, emit: (piece: O) => void): void;
  /**
   * The same for several messages that were given to one `send` call. Without it, each is a message by itself.
   */
  pushAll?(messages: readonly N[], emit: (piece: O) => void): void;
  /** Nothing more will be sent. Emits what has to come last. Called if something was sent, and the end is orderly. */
  end?(emit: (piece: O) => void): void;
}

/**
 * A way to speak: how a stream becomes messages, and messages a stream. It holds no state of its own; each stream
 * gets a decoder and an encoder from it.
 *
 * @typeParam I What a decoder is given.
 * @typeParam M What is received: the decoder's messages.
 * @typeParam O What an encoder makes.
 * @typeParam N What can be sent: the encoder's messages.
 *
 * @example
 * const upperCase: Codec<Uint8Array, string, Uint8Array, string> = {
 *   decoder: () => ({ push: (chunk, emit) => emit(toText(chunk).toUpperCase()), residue: 0 }),
 *   encoder: () => ({ push: (text, emit) => emit(utf8(text.toLowerCase())) }),
 * };
 */
export interface Codec<I = Uint8Array, M = Uint8Array, O = Uint8Array, N = M> {
  /** Begins to decode a stream. */
  decoder(): Decoder<I, M>;
  /** Begins to encode a stream. */
  encoder(): Encoder<N, O>;
  /**
   * Most milliseconds from the first byte of a message to its last; 0 is no limit. Whoever drives the decoder keeps
   * the time, which stands still while reading is paused.
   * @default 0
   */
  readonly frameTimeout?: number;
}
