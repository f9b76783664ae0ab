import { utf8, hex } from '../../lib/bytes/bytes-like.ts';
import type { Decoder } from '../../lib/codec/codec.ts';
import type { Random } from '../../lib/testing/random.ts';
import { same } from '../../lib/testing/same.ts';
import { type ClientHello, HelloReader, MAX_HELLO } from '../../lib/transport/tls/client-hello.ts';
import { TlsError } from '../../lib/transport/tls/tls-error.ts';
import { extension, type HelloParts, helloMessage, inRecords } from '../support/hellos.ts';
import type { FuzzTarget } from './target.ts';

/** What comes first on a TLS connection: not a codec, but as exposed. */
export const HELLO_TARGET: FuzzTarget = {
  name: 'TLS client hello',
  decoder: () => new HelloDecoder(),
  frame: (random) => inRecords(helloMessage(parts(random)), sizes(random)),
  most: MAX_HELLO,
  words: [
    ...[
      '16 0301',
      '16 0301 0001',
      '15 0303 0002 0100',
      '0000 0008 0006 00 0003 61 2e 62',
      '0010 0005 0003 02 68 32',
    ],
    ...['01 0000 2b', '0000 0000', 'ff ff ff', '00'],
  ].map(hex),
  refusals: { kind: TlsError, codes: ['ERR_TLS_PLAIN', 'ERR_TLS_HANDSHAKE'] },
};

const NAMES = ['a.b', 'example.org', 'EXAMPLE.org.', 'x'.repeat(255), '__proto__', '1.2.3.4'];

function parts(random: Random): HelloParts {
  return {
    ...(random.below(3) > 0 ? { names: [random.pick(NAMES)] } : {}),
    ...(random.below(2) > 0 ? { alpn: [utf8('h2'), random.bytes(random.between(1, 9))] } : {}),
    extensions: Array.from({ length: random.below(3) }, () =>
      extension(random.between(1, 15), random.bytes(random.below(20))),
    ),
    sessionId: random.bytes(random.pick([0, 0, 32])),
    ciphers: random.bytes(2 * random.between(1, 4)),
    hasExtensions: random.below(8) > 0,
  };
}

function sizes(random: Random): number[] {
  if (random.below(2) === 0) return [2 ** 14];
  return Array.from({ length: random.between(1, 4) }, () => random.pick([1, 2, 3, 4, 5, 20, 60, 300]));
}

/** Emits the hello. What comes behind it is for somebody else. */
class HelloDecoder implements Decoder<Uint8Array, ClientHello> {
  private readonly reader = new HelloReader();
  private readonly fed: Uint8Array[] = [];
  private isDone = false;

  get residue(): number {
    return this.isDone ? 0 : this.reader.length;
  }

  push(chunk: Uint8Array, emit: (hello: ClientHello) => void): void {
    if (this.isDone) return;
    this.fed.push(chunk);
    const hello = this.attempt(chunk);
    if (hello === undefined) return;
    this.isDone = true;
    this.checkTaken();
    emit(hello);
  }

  /** What was fed has to be there whatever comes of it. */
  private attempt(chunk: Uint8Array): ClientHello | undefined {
    try {
      return this.reader.push(chunk);
    } catch (error) {
      this.checkTaken();
      throw error;
    }
  }

  private checkTaken(): void {
    if (!same(this.reader.take(), Buffer.concat(this.fed))) throw new Error('what was fed is not handed on');
  }
}
