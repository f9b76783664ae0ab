import { type BytesLike, type Codec, type Encoder, pull, toBytes } from 'hpsocket-rx';
import { type Packet, checkLength, encodeHeader } from './protocol.ts';

/** The protocol as a codec. The PULL model without a state: a generator asks for what comes next, and waits for it. */
export function packets(max: number): Codec<Uint8Array, Packet, Uint8Array, BytesLike> {
  const receiving = pull(
    function* (r) {
      const sequence = yield* r.uint32le();
      const length = yield* r.uint32le();
      checkLength(length, max, 'receive');
      return { sequence, data: yield* r.fetch(length) };
    },
    { maxLength: max },
  );
  return { ...receiving, encoder: () => numbering(max) };
}

/** Numbers the packets of a connection, from 1. */
function numbering(max: number): Encoder<BytesLike, Uint8Array> {
  let last = 0;
  return {
    push(body, emit) {
      const bytes = toBytes(body);
      checkLength(bytes.length, max, 'send');
      last = (last + 1) >>> 0;
      emit(encodeHeader({ sequence: last, length: bytes.length }));
      emit(bytes);
    },
  };
}
