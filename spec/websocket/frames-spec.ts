import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { verifyCodec } from '../../lib/testing/verify-codec.ts';
import { wsFrameCodec } from '../../lib/websocket/codec.ts';
import { WsFrameDecoder } from '../../lib/websocket/frame-decoder.ts';
import { WsFrameEncoder, type WsFrameInit } from '../../lib/websocket/frame-encoder.ts';
import type { WsFrameEvent } from '../../lib/websocket/frame-event.ts';
import type { WsFrameOptions } from '../../lib/websocket/options.ts';
import { WS_ERROR_REASONS, WsError } from '../../lib/websocket/ws-error.ts';
import { ONE_KEY, counting, masked, plain } from './wire.ts';

interface Examples {
  readonly frames: {
    readonly name: string;
    readonly hex: string;
    readonly fin: boolean;
    readonly opcode: number;
    readonly masked: boolean;
    readonly maskHex?: string;
    readonly payloadHex?: string;
    readonly length?: number;
  }[];
}

const rfc = JSON.parse(
  readFileSync(new URL('../vectors/rfc/rfc6455.json', import.meta.url), 'utf8'),
) as Examples;

function eventsOf(decoder: WsFrameDecoder, ...chunks: Uint8Array[]): WsFrameEvent[] {
  const events: WsFrameEvent[] = [];
  for (const chunk of chunks) decoder.push(Buffer.from(chunk), (event) => events.push(event));
  return events;
}

/** What a decoder refuses some bytes with. */
function refusalOf(decoder: WsFrameDecoder, bytes: Uint8Array): WsError {
  try {
    decoder.push(Buffer.from(bytes), () => undefined);
  } catch (error) {
    return error as WsError;
  }
  throw new Error('nothing was refused');
}

describe('frames of RFC 6455', () => {
  it.each(rfc.frames)('should decode: $name', (example) => {
    // A server is given what is masked; fragments follow one that began.
    const decoder = new WsFrameDecoder(example.masked ? 'server' : 'client');
    if (example.opcode === 0) decoder.push(hex('01 00'), () => undefined);
    const [header, body, end] = eventsOf(decoder, hex(example.hex));
    const { fin, opcode, maskHex, payloadHex, length = (payloadHex?.length ?? 0) / 2 } = example;
    const mask = maskHex === undefined ? undefined : hex(maskHex);
    expect(header).toMatchObject({ type: 'header', fin, rsv: 0, opcode, length });
    expect((header as { mask?: Uint8Array }).mask).toEqual(mask && new Uint8Array(mask));
    if (payloadHex === undefined) return;
    expect(body).toEqual({ type: 'body', data: hex(payloadHex) });
    expect(end).toEqual({ type: 'complete' });
  });

  it.each(rfc.frames)('should encode: $name', (example) => {
    const { fin, opcode, payloadHex = '', length, maskHex } = example;
    const encoder = new WsFrameEncoder(example.masked ? 'client' : 'server');
    const mask = maskHex === undefined ? {} : { mask: hex(maskHex) };
    const data = hex(payloadHex);
    expect(encoded(encoder, { fin, opcode, data, ...mask, length: length ?? data.length })).toBe(example.hex);
  });
});

function encoded(encoder: WsFrameEncoder, ...frames: WsFrameInit[]): string {
  let text = '';
  for (const frame of frames) encoder.push(frame, (piece) => (text += Buffer.from(piece).toString('hex')));
  return text;
}

describe('WsFrameDecoder', () => {
  it('should tell the same however it is cut, but for the pieces of bodies', () => {
    const wire = Buffer.concat([
      masked(0x01, 'He'),
      masked(0x89, 'p'),
      masked(0x80, 'llo'),
      masked(0x82, ''),
    ]);
    const joined = (events: readonly WsFrameEvent[]) => {
      const seen: unknown[] = [];
      for (const event of events) {
        const last = seen.at(-1);
        if (event.type === 'body' && typeof last === 'string')
          seen[seen.length - 1] = last + event.data.toString();
        else seen.push(event.type === 'body' ? event.data.toString() : event);
      }
      return seen;
    };
    const whole = joined(eventsOf(new WsFrameDecoder('server'), wire));
    expect(whole).toHaveLength(11);
    for (let cut = 1; cut < wire.length; cut++)
      expect(
        joined(eventsOf(new WsFrameDecoder('server'), wire.subarray(0, cut), wire.subarray(cut))),
      ).toEqual(whole);
    expect(
      joined(eventsOf(new WsFrameDecoder('server'), ...Array.from(wire, (byte) => Uint8Array.of(byte)))),
    ).toEqual(whole);
  });

  it('should hand on a body as it comes, of which nothing is kept', () => {
    const decoder = new WsFrameDecoder('client');
    const events = eventsOf(decoder, hex('82 7f 00 00 00 ff ff ff ff ff'), counting(100));
    expect(events).toEqual([
      { type: 'header', fin: true, rsv: 0, opcode: 2, mask: undefined, length: 2 ** 40 - 1 },
      { type: 'body', data: counting(100) },
    ]);
    expect(decoder.residue).toBe(110);
    expect(decoder.frame).toMatchObject({ opcode: 2, length: 2 ** 40 - 1, remaining: 2 ** 40 - 101 });
    expect(() => decoder.end()).toThrow(expect.objectContaining({ code: 'ERR_WS_TRUNCATED' }));
  });

  it('should know the frame in the midst of its events', () => {
    const decoder = new WsFrameDecoder('client');
    const seen: unknown[] = [];
    decoder.push(plain(0x82, 'abc'), ({ type }) => seen.push([type, decoder.frame?.remaining]));
    expect(seen).toEqual([
      ['header', 3],
      ['body', 0],
      ['complete', 0],
    ]);
    expect(decoder.frame).toBeUndefined();
    decoder.end();
  });

  const TOO_LONG_PING = Buffer.concat([hex('89 fe 00 7e 11 22 33 44'), Buffer.alloc(126)]);
  it.each<[string, keyof typeof WS_ERROR_REASONS, Uint8Array]>([
    ['RSV1', 'reserved-bits', masked(0xc1, 'a')],
    ['RSV2', 'reserved-bits', masked(0xa2, 'a')],
    ['RSV3 in a control frame', 'reserved-bits', masked(0x99)],
    ['opcode 3', 'opcode', masked(0x83)],
    ['opcode 7', 'opcode', masked(0x87)],
    ['opcode 11', 'opcode', masked(0x8b)],
    ['opcode 15', 'opcode', masked(0x8f)],
    ['an unmasked frame', 'not-masked', plain(0x81, 'a')],
    ['a fragmented ping', 'control-fragment', masked(0x09)],
    ['a fragmented close frame', 'control-fragment', masked(0x08)],
    ['a ping of 126 bytes', 'control-length', TOO_LONG_PING],
    ['a control frame with a long length', 'control-length', hex('88 ff 00')],
    ['a continuation of nothing', 'continuation', masked(0x80, 'a')],
    ['a continuation behind a whole message', 'continuation', Buffer.concat([masked(0x81), masked(0x00)])],
    ['a message within another', 'interleaved', Buffer.concat([masked(0x01), masked(0x89), masked(0x81)])],
    ['125 in 16 bits', 'length-form', hex('82 fe 00 7d 00 00 00 00')],
    ['65535 in 64 bits', 'length-form', hex('82 ff 00 00 00 00 00 00 ff ff 00 00 00 00')],
    ['2^63', 'length-overflow', hex('82 ff 80 00 00 00 00 00 00 00 00 00 00 00')],
    ['more than a number can be', 'frame-length', hex('82 ff 7f ff ff ff ff ff ff ff 00 00 00 00')],
  ])('should refuse %s', (_, reason, wire) => {
    const [code, closeCode] = WS_ERROR_REASONS[reason];
    const error = refusalOf(new WsFrameDecoder('server'), wire);
    expect(error).toBeInstanceOf(WsError);
    expect(error).toMatchObject({ reason, code, closeCode, operation: 'receive' });
    const bytewise = new WsFrameDecoder('server');
    const push = () => wire.forEach((byte) => bytewise.push(Uint8Array.of(byte), () => undefined));
    expect(push).toThrow(expect.objectContaining({ reason }));
  });

  it('should refuse masked frames where a client receives', () => {
    expect(refusalOf(new WsFrameDecoder('client'), masked(0x81, 'a'))).toMatchObject({
      reason: 'masked',
      closeCode: 1002,
    });
  });

  it('should refuse as soon as the header says it', () => {
    const decoder = new WsFrameDecoder('server', { maxFrameSize: 1000 });
    expect(() => decoder.push(hex('82 fe 03'), () => undefined)).not.toThrow();
    expect(() => decoder.push(hex('e9'), () => undefined)).toThrow(
      expect.objectContaining({
        code: 'ERR_WS_TOO_LONG',
        closeCode: 1009,
        message: expect.stringContaining('1001 bytes, 1000'),
      }),
    );
  });

  it.each([0, 1, 125, 126, 127, 65_535, 65_536])('should take exactly maxFrameSize: %d', (size) => {
    const take = (length: number) =>
      eventsOf(new WsFrameDecoder('client', { maxFrameSize: size }), plain(0x82, Buffer.alloc(length)));
    expect(take(size).at(-1)).toEqual({ type: 'complete' });
    expect(() => take(size + 1)).toThrow(expect.objectContaining({ reason: 'frame-length' }));
  });

  it('should let those reserved bits through that were agreed on', () => {
    const [header] = eventsOf(new WsFrameDecoder('client', { rsv: 5 }), hex('d2 00'));
    expect(header).toMatchObject({ rsv: 5, opcode: 2 });
    expect(refusalOf(new WsFrameDecoder('client', { rsv: 5 }), hex('a2 00'))).toMatchObject({
      reason: 'reserved-bits',
    });
  });

  it('should emit what is in front of a fault', () => {
    const events: WsFrameEvent[] = [];
    const decoder = new WsFrameDecoder('client');
    const wire = Buffer.concat([plain(0x82, 'ok'), plain(0x83)]);
    expect(() => decoder.push(wire, (event) => events.push(event))).toThrow();
    expect(events).toHaveLength(3);
  });

  it.each<[string, WsFrameOptions]>([
    ['rsv', { rsv: 8 }],
    ['maxFrameSize', { maxFrameSize: -1 }],
    ['rules', { rules: 'none' as never }],
    ['frameSize', { frameSize: 1 } as never],
  ])('should refuse the option %s', (option, options) => {
    expect(() => new WsFrameDecoder('server', options)).toThrow(OptionError);
    expect(() => new WsFrameDecoder('server', options)).toThrow(expect.objectContaining({ option }));
  });
});

describe('WsFrameEncoder', () => {
  it.each<[string, WsFrameInit[], string]>([
    ['reserved bits', [{ opcode: 2, rsv: 5, data: 'hello' }], 'd2851122334479475f287e'],
    ['a fragment', [{ opcode: 1, fin: false, data: 'AB' }], '0182112233445060'],
    ['nothing', [{ opcode: 1 }], '818011223344'],
    [
      'a body that comes in parts',
      [{ opcode: 1, data: 'abc', length: 8 }, { more: 'd' }, { more: 'efgh' }],
      '818811223344704050' + '207444542c',
    ],
  ])('should write %s', (_, frames, expected) => {
    const wire = encoded(new WsFrameEncoder('client', ONE_KEY), ...frames);
    if (frames.length === 1) expect(wire).toBe(expected);
    else
      expect(eventsOf(new WsFrameDecoder('server'), hex(wire)).filter(({ type }) => type === 'body')).toEqual(
        [{ type: 'body', data: utf8('abcdefgh') }],
      );
  });

  it('should leave the bytes as they are that it masks', () => {
    const data = counting(200_000);
    encoded(new WsFrameEncoder('client'), { opcode: 2, data });
    expect(data).toEqual(counting(200_000));
  });

  it('should know what it owes', () => {
    const encoder = new WsFrameEncoder('server');
    encoded(encoder, { opcode: 2, data: 'a', length: 4 });
    expect(encoder.owed).toBe(3);
    expect(() => encoded(encoder, { opcode: 2 })).toThrow(expect.objectContaining({ code: 'ERR_WS_SEND' }));
    expect(() => encoded(encoder, { more: 'four' })).toThrow(
      expect.objectContaining({ code: 'ERR_WS_SEND' }),
    );
    encoded(encoder, { more: 'bcd' });
    expect(encoder.owed).toBe(0);
  });

  it.each<[string, 'client' | 'server', WsFrameInit]>([
    ['opcode 16', 'client', { opcode: 16 }],
    ['rsv 8', 'client', { opcode: 1, rsv: 8 }],
    ['a mask of 3 bytes', 'client', { opcode: 1, mask: hex('010203') }],
    ['a mask of a server', 'server', { opcode: 1, mask: hex('01020304') }],
    ['less than there is', 'client', { opcode: 1, data: 'abc', length: 2 }],
    ['half a byte', 'client', { opcode: 1, length: 2.5 }],
  ])('should refuse %s', (_, role, frame) => {
    expect(() => encoded(new WsFrameEncoder(role), frame)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_SEND', operation: 'send' }),
    );
  });

  it('should write what the decoder reads, of any length', () => {
    const lengths = fc.constantFrom(0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000);
    const property = fc.property(
      fc.constantFrom<'client' | 'server'>('client', 'server'),
      fc.nat(15),
      fc.nat(7),
      fc.boolean(),
      lengths,
      (role, opcode, rsv, fin, length) => {
        const pieces: Uint8Array[] = [];
        new WsFrameEncoder(role).push({ opcode, rsv, fin, data: counting(length) }, (piece) =>
          pieces.push(Buffer.from(piece)),
        );
        const receiver = new WsFrameDecoder(role === 'client' ? 'server' : 'client', { rules: 'mask' });
        const [header, ...rest] = eventsOf(receiver, Buffer.concat(pieces));
        expect(header).toMatchObject({ opcode, rsv, fin, length });
        const bodies = rest.flatMap((event) => (event.type === 'body' ? [event.data] : []));
        expect(Buffer.concat(bodies).equals(counting(length))).toBe(true);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it('should be a codec', () => {
    const codec = wsFrameCodec('client', { keys: ONE_KEY });
    const header = (opcode: number, length: number) =>
      ({ type: 'header', fin: true, rsv: 0, opcode, mask: undefined, length }) as const;
    verifyCodec(
      codec,
      [{ wire: hex('8a 00'), messages: [header(10, 0), { type: 'complete' }], encode: false }],
      { rejects: [{ wire: hex('81 80'), error: 'ERR_WS_MASK' }] },
    );
  });
});
