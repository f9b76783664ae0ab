import { ProtocolError } from '../../lib/base/errors.ts';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec, Decoder, Encoder } from '../../lib/codec/codec.ts';

/** How {@link words} behaves where codecs differ. */
export interface WordOptions {
  /** What happens with a word that the end of the stream cuts short. */
  readonly tail?: 'error' | 'drop' | 'emit';
  /** The word that the encoder says when nothing more is sent. */
  readonly last?: string;
  readonly frameTimeout?: number;
}

/**
 * A codec made for tests: words that end with a semicolon. The word `!` breaks the protocol and the word `?` breaks
 * the codec, both ways; `-` is a word of which the encoder makes nothing.
 */
export function words({ tail = 'error', last, frameTimeout = 0 }: WordOptions = {}): Codec<
  Uint8Array,
  string,
  Uint8Array,
  string
> {
  return {
    decoder: () => new WordDecoder(tail),
    encoder: () => new WordEncoder(last),
    frameTimeout,
  };
}

class WordDecoder implements Decoder<Uint8Array, string> {
  private readonly tail: string;
  private begun = '';

  constructor(tail: string) {
    this.tail = tail;
  }

  get residue(): number {
    return this.begun.length;
  }

  push(chunk: Uint8Array, emit: (word: string) => void): void {
    const [...complete] = (this.begun + toText(chunk)).split(';');
    this.begun = complete.pop() ?? '';
    for (const word of complete) {
      complain(word, 'receive');
      emit(word);
    }
  }

  end(emit: (word: string) => void): void {
    if (this.begun === '' || this.tail === 'drop') return;
    if (this.tail === 'error')
      throw new ProtocolError('ERR_FRAME_TRUNCATED', 'the stream ended within a word', {
        operation: 'receive',
      });
    emit(this.begun);
  }
}

class WordEncoder implements Encoder<string, Uint8Array> {
  private readonly last: string | undefined;
  /** Used again for every piece, as a codec may. */
  private readonly scratch = new Uint8Array(1);

  constructor(last: string | undefined) {
    this.last = last;
  }

  push(word: string, emit: (piece: Uint8Array) => void): void {
    if (word === '-') return;
    for (const byte of utf8(word)) this.emitByte(byte, emit);
    complain(word, 'send');
    this.emitByte(0x3b, emit);
  }

  end(emit: (piece: Uint8Array) => void): void {
    if (this.last !== undefined) this.push(this.last, emit);
  }

  private emitByte(byte: number, emit: (piece: Uint8Array) => void): void {
    this.scratch[0] = byte;
    emit(this.scratch);
    this.scratch[0] = 0x23;
  }
}

/** Numbers in words: what is received has any number of them, separated by commas; what is sent is one each. */
export function numbers(): Codec<string, number, string, number> {
  return {
    decoder: () => ({
      residue: 0,
      push: (word, emit) => {
        for (const digits of word.split(',')) {
          const number = Number(digits);
          if (Number.isNaN(number)) throw malformed(digits, 'receive');
          emit(number);
        }
      },
    }),
    encoder: () => ({
      push: (number, emit) => {
        if (Number.isNaN(number)) throw malformed('NaN', 'send');
        if (number >= 0) emit(String(number)); // a negative one is not worth a word
      },
    }),
  };
}

function complain(word: string, operation: 'receive' | 'send'): void {
  if (word === '!') throw malformed(word, operation);
  if (word === '?') throw new TypeError('the codec is broken');
}

function malformed(word: string, operation: 'receive' | 'send'): ProtocolError {
  return new ProtocolError('ERR_FRAME_DATA', `${word} is not understood`, { operation });
}
