import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError, ProtocolError } from '../../lib/base/errors.ts';
import { hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { type PullBuffer, pullBuffer } from '../../lib/codec/pull-buffer.ts';

/** A handler as the original's samples have it: sequence and length as 32 bits, lowest byte first, and a body. */
class Handler {
  readonly events: (number | string)[] = [];
  private required = 8;
  private isHead = true;

  readonly onReceive = (buffer: PullBuffer) => {
    let remaining = buffer.length;
    this.events.push(remaining);
    while (remaining >= this.required) {
      remaining -= this.required;
      const { result, data } = buffer.fetch(this.required);
      if (result !== 'ok') throw new Error(result);
      if (!this.isHead) this.events.push(toText(data));
      this.required = this.isHead ? Buffer.from(data).readUInt32LE(4) : 8;
      this.isHead = !this.isHead;
    }
    expect(buffer.length).toBe(remaining);
  };
}

const HELLO = '07000000 05000000 68656c6c6f';

function received(...pieces: string[]): (number | string)[] {
  const decoder = pullBuffer().decoder();
  const handler = new Handler();
  for (const piece of pieces) decoder.push(hex(piece), handler.onReceive);
  return handler.events;
}

/** The buffer that a decoder emits, with some bytes in it. */
function bufferWith(...pieces: Uint8Array[]): PullBuffer {
  const decoder = pullBuffer().decoder();
  let buffer: PullBuffer | undefined;
  for (const piece of pieces) decoder.push(piece, (emitted) => (buffer = emitted));
  return buffer!;
}

describe('pullBuffer, as recorded from the original', () => {
  it('should announce a message in one segment once', () => {
    expect(received(HELLO)).toEqual([13, 'hello']);
  });

  it('should announce all bytes that wait, not the newest', () => {
    expect(received('070000', '0005000000', '6865', '6c6c6f')).toEqual([3, 8, 2, 5, 'hello']);
  });

  it('should announce two messages in one segment once', () => {
    expect(received(HELLO + HELLO)).toEqual([26, 'hello', 'hello']);
  });

  it('should peek without removing, and refuse to peek at too much', () => {
    const buffer = bufferWith(hex(HELLO));
    expect(buffer.peek(4)).toEqual({ result: 'ok', data: hex('07000000') });
    expect(buffer.peek(14)).toEqual({ result: 'length-too-long', data: undefined });
    expect(buffer.length).toBe(13);
    expect(buffer.peek(13)).toEqual({ result: 'ok', data: hex(HELLO) });
    expect(buffer.fetch(13)).toEqual({ result: 'ok', data: hex(HELLO) });
  });
});

describe('pullBuffer', () => {
  it('should give the same messages, however the bytes are cut', () => {
    const bodies = ['hello', 'x', 'y'.repeat(300)];
    const message = (body: string) => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(body.length, 4);
      return Buffer.concat([head, utf8(body)]);
    };
    const bytes = Buffer.concat(bodies.map(message));
    const texts = (pieces: readonly Uint8Array[]) => {
      const decoder = pullBuffer().decoder();
      const handler = new Handler();
      for (const piece of pieces) decoder.push(piece.slice(), handler.onReceive);
      expect(decoder.residue).toBe(0);
      return handler.events.filter((event) => typeof event === 'string');
    };
    for (let cut = 0; cut <= bytes.length; cut++)
      expect(texts([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(bodies);
    expect(texts([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(bodies);
  });

  it('should emit the same buffer once for each piece, and not for an empty one', () => {
    const decoder = pullBuffer().decoder();
    const emitted: PullBuffer[] = [];
    const totals: number[] = [];
    for (const piece of ['ab', '', 'c']) {
      decoder.push(utf8(piece), (buffer) => {
        emitted.push(buffer);
        totals.push(buffer.length);
      });
    }
    expect(totals).toEqual([2, 3]);
    expect(emitted[0]).toBe(emitted[1]);
    expect(decoder.residue).toBe(3);
  });

  it('should have a buffer for each stream', () => {
    const codec = pullBuffer();
    const emitted = new Set<PullBuffer>();
    for (const decoder of [codec.decoder(), codec.decoder()])
      decoder.push(utf8('a'), (buffer) => emitted.add(buffer));
    expect([...emitted].map(({ length }) => length)).toEqual([1, 1]);
  });

  it('should let as much wait as maxBuffered says, after the handler had its turn', () => {
    const decoder = pullBuffer({ maxBuffered: 10 }).decoder();
    decoder.push(new Uint8Array(25), (buffer) => buffer.skip(15));
    expect(decoder.residue).toBe(10);
    decoder.push(new Uint8Array(1), (buffer) => buffer.skip(1));
    const fault = () => decoder.push(new Uint8Array(1), () => undefined);
    expect(fault).toThrow('11 bytes that nobody fetched exceed maxBuffered, which is 10');
  });

  it('should report too much that waits as a fault of the peer', () => {
    const decoder = pullBuffer({ maxBuffered: 1 }).decoder();
    const seen: number[] = [];
    try {
      decoder.push(new Uint8Array(2), ({ length }) => seen.push(length));
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error).toMatchObject({ code: 'ERR_FRAME_LENGTH', operation: 'receive' });
    }
    expect(seen).toEqual([2]);
    expect.assertions(3);
  });

  it('should leave the rest readable after the end', () => {
    const decoder = pullBuffer().decoder();
    let buffer: PullBuffer | undefined;
    decoder.push(utf8('rest'), (emitted) => (buffer = emitted));
    decoder.end?.(() => {
      throw new Error('nothing comes with the end');
    });
    expect(toText(buffer!.take(4)!)).toBe('rest');
  });

  it('should send what it is given as it is', () => {
    const encoder = pullBuffer().encoder();
    const pieces: Uint8Array[] = [];
    const bytes = Uint8Array.of(1, 2);
    for (const data of ['hi', bytes, bytes.buffer]) encoder.push(data, (piece) => pieces.push(piece));
    expect(pieces).toEqual([utf8('hi'), bytes, bytes]);
    expect(pieces[1]).toBe(bytes);
  });

  it.each([0, -1, 1.5, 2 ** 30 + 1, '5'])('should refuse %p as maxBuffered', (maxBuffered) => {
    expect(() => pullBuffer({ maxBuffered: maxBuffered as number })).toThrow(OptionError);
  });

  it('should refuse options that it does not have', () => {
    expect(() => pullBuffer({ maxBufferd: 5 } as object)).toThrow('maxBufferd');
    expect(() => pullBuffer({ maxBuffered: 2 ** 30 })).not.toThrow();
  });
});

describe('PullBuffer', () => {
  it('should give all bytes that are asked for or none', () => {
    const buffer = bufferWith(utf8('ab'), utf8('cde'));
    expect(buffer.fetch(6)).toEqual({ result: 'length-too-long', data: undefined });
    expect(buffer.take(6)).toBeUndefined();
    expect(buffer.skip(6)).toBe('length-too-long');
    expect(buffer.length).toBe(5);
    expect(toText(buffer.take(1)!)).toBe('a');
    expect(buffer.fetch(3)).toEqual({ result: 'ok', data: utf8('bcd') });
    expect(buffer.skip(1)).toBe('ok');
    expect(buffer.length).toBe(0);
    expect(buffer.fetch(1).result).toBe('length-too-long');
  });

  it('should not copy what came in one piece', () => {
    const piece = Uint8Array.of(1, 2, 3, 4);
    expect(bufferWith(piece).take(2)?.buffer).toBe(piece.buffer);
  });

  it('should find no data once it is closed', () => {
    const buffer = bufferWith(utf8('abc'));
    buffer.fetch(4);
    buffer.close();
    expect(buffer.fetch(1)).toEqual({ result: 'data-not-found', data: undefined });
    expect(buffer.peek(1)).toEqual({ result: 'data-not-found', data: undefined });
    expect(buffer.skip(1)).toBe('data-not-found');
    expect(buffer.take(1)).toBeUndefined();
    expect(buffer).toMatchObject({ length: 0, wanted: 0 });
    buffer.append(utf8('late'));
    expect(buffer.length).toBe(0);
    buffer.close();
  });

  it.each([0, -1, 1.5, NaN, '1', undefined])('should refuse a length of %p', (value) => {
    const buffer = bufferWith(utf8('abc'));
    const length = value as number;
    expect(() => buffer.fetch(length)).toThrow(OptionError);
    expect(() => buffer.peek(length)).toThrow(OptionError);
    expect(() => buffer.take(length)).toThrow(OptionError);
    expect(() => buffer.skip(length)).toThrow('length must be an integer of 1 or more');
    expect(buffer).toMatchObject({ length: 3, wanted: 0 });
  });

  it('should know what was asked for in vain', () => {
    const buffer = bufferWith(utf8('abc'));
    expect(buffer.wanted).toBe(0);
    for (const ask of ['fetch', 'peek', 'take', 'skip'] as const) {
      buffer[ask](7);
      expect(buffer.wanted).toBe(7);
      buffer.peek(2);
      expect(buffer.wanted).toBe(0);
    }
  });

  it('should behave as one array of bytes', () => {
    const property = (pieces: Uint8Array[], lengths: number[]) => {
      const decoder = pullBuffer().decoder();
      const expected: number[] = [];
      let turn = 0;
      for (const piece of pieces) {
        expected.push(...piece);
        decoder.push(piece, (buffer) => {
          const length = lengths[turn++ % lengths.length]!;
          const data = buffer.take(length);
          if (length > expected.length) expect(data).toBeUndefined();
          else expect([...data!]).toEqual(expected.splice(0, length));
          expect(buffer.length).toBe(expected.length);
        });
        expect(decoder.residue).toBe(expected.length);
      }
    };
    const lengths = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 });
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 12 })), lengths, property));
  });
});
