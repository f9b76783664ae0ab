import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type PackOptions, hex, pack, utf8 } from '../../lib/index.ts';
import { verifyCodec } from '../../lib/testing/index.ts';

/** What a decoder makes of one chunk: the bodies as text, and the code of the error. */
function decodeAll(options: PackOptions, chunk: Uint8Array): { bodies: string[]; code: string | undefined } {
  const bodies: string[] = [];
  const decoder = pack(options).decoder();
  try {
    decoder.push(chunk, (body) => bodies.push(Buffer.from(body).toString('latin1')));
    return { bodies, code: undefined };
  } catch (error) {
    return { bodies, code: (error as { code: string }).code };
  }
}

describe('pack', () => {
  it('should speak the packets of HP-Socket, whatever way they are cut', () => {
    verifyCodec(
      pack({ flag: 0x169, maxSize: 1000 }),
      [
        { wire: hex('05 00 40 5a 68 65 6c 6c 6f'), messages: [utf8('hello')] },
        { wire: hex('01 00 40 5a 00'), messages: [hex('00')] },
        {
          wire: Buffer.concat([hex('e8 03 40 5a'), Buffer.alloc(1000, 7)]),
          messages: [Buffer.alloc(1000, 7)],
        },
        {
          wire: hex('03 00 40 5a 61 62 63'),
          messages: [utf8('abc')],
          send: ['a', utf8('bc')],
          together: true,
        },
      ],
      {
        rejects: [
          { wire: hex('05 00 80 5a'), error: 'ERR_FRAME_DATA' },
          { wire: hex('00 00 40 5a'), error: 'ERR_FRAME_LENGTH' },
          { wire: hex('e9 03 40 5a'), error: 'ERR_FRAME_LENGTH' },
          { wire: hex('e9 03 80 5a'), error: 'ERR_FRAME_DATA' },
          { wire: hex('01 00 40 5a 61 00 00 00 00'), messages: [utf8('a')], error: 'ERR_FRAME_DATA' },
        ],
      },
    );
  });

  it('should pass on any bodies', () => {
    const settings = fc.record({ flag: fc.nat(0x3ff), maxSize: fc.integer({ min: 1, max: 300 }) });
    fc.assert(
      fc.property(
        settings,
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { minLength: 1 }),
        (options, all) => {
          const bodies = all.map((body) => body.subarray(0, options.maxSize));
          const examples = bodies.map((body) => ({
            wire: Buffer.concat([headerOf(options.flag, body.length), body]),
            messages: [body],
          }));
          verifyCodec(pack(options), examples, { rounds: 2 });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('should not look at the flag when its own is 0, and say 0 itself', () => {
    expect(decodeAll({}, hex('01 00 c0 ff 61'))).toEqual({ bodies: ['a'], code: undefined });
    const pieces: string[] = [];
    pack()
      .encoder()
      .push('a', (piece) => pieces.push(Buffer.from(piece).toString('hex')));
    expect(pieces).toEqual(['01000000', '61']);
  });

  it('should take no memory for a body that is only announced', () => {
    const decoders = Array.from({ length: 200 }, () => pack({ maxSize: 0x3f_ffff }).decoder());
    const before = process.memoryUsage().arrayBuffers;
    for (const decoder of decoders) decoder.push(hex('ff ff 3f 00 00'), () => undefined);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 128 * 1024);
    expect(decoders[0]!.residue).toBe(5);
  });

  it('should hand on bodies without copying them', () => {
    const chunk = Buffer.concat(Array.from({ length: 100 }, () => hex('02 00 00 00 61 62')));
    const bodies: Uint8Array[] = [];
    pack()
      .decoder()
      .push(chunk, (body) => bodies.push(body));
    expect(bodies).toHaveLength(100);
    expect(bodies.every(({ buffer }) => buffer === chunk.buffer)).toBe(true);
  });

  it.each([
    ['drop' as const, undefined],
    ['error' as const, 'ERR_FRAME_TRUNCATED'],
  ])('should %s a truncated tail', (tail, code) => {
    for (const start of ['01', '02 00 00 00', '02 00 00 00 61']) {
      const decoder = pack({ tail }).decoder();
      decoder.push(hex(start), () => undefined);
      const end = () => decoder.end?.(() => undefined);
      if (code === undefined) expect(end).not.toThrow();
      else expect(end).toThrow(expect.objectContaining({ code }));
      expect(decoder.residue).toBe(0);
    }
    expect(() =>
      pack({ tail })
        .decoder()
        .end?.(() => undefined),
    ).not.toThrow();
  });

  it.each([
    [{ flag: 0x400 }, 'flag'],
    [{ flag: -1 }, 'flag'],
    [{ maxSize: 0 }, 'maxSize'],
    [{ maxSize: 0x40_0000 }, 'maxSize'],
    [{ maxLength: 1 } as PackOptions, 'maxLength'],
    [{ frameTimeout: -1 }, 'frameTimeout'],
  ])('should refuse %j', (options, option) => {
    expect(() => pack(options)).toThrow(expect.objectContaining({ code: 'ERR_OPTION', option }));
  });

  it.each([
    ['nothing', []],
    ['an empty body', ['']],
    ['empty pieces', ['', '']],
    ['more than the limit', ['12345', '6']],
  ])('should refuse to send %s, and go on', (_what, pieces) => {
    const encoder = pack({ maxSize: 5 }).encoder();
    const sent: Uint8Array[] = [];
    const send = () => encoder.pushAll?.(pieces, (piece) => sent.push(piece));
    expect(send).toThrow(expect.objectContaining({ code: 'ERR_FRAME_LENGTH', operation: 'send' }));
    expect(sent).toEqual([]);
    encoder.push('12345', (piece) => sent.push(Buffer.from(piece)));
    expect(Buffer.concat(sent).toString('latin1')).toBe('\x05\0\0\x0012345');
  });
});

function headerOf(flag: number, length: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(((flag << 22) | length) >>> 0);
  return header;
}
