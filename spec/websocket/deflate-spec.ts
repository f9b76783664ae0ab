import { readFileSync } from 'node:fs';
import {
  type DeflateRaw,
  type InflateRaw,
  constants,
  createDeflateRaw,
  createInflateRaw,
  inflateRawSync,
} from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { type WsCodecOutgoing, wsCodec } from '../../lib/websocket/codec.ts';
import { deflateSettings } from '../../lib/websocket/deflate/deflate-options.ts';
import { Deflater } from '../../lib/websocket/deflate/deflater.ts';
import { Inflater } from '../../lib/websocket/deflate/inflater.ts';
import {
  type DeflateAgreement,
  acceptDeflate,
  answerDeflate,
  offerDeflate,
} from '../../lib/websocket/deflate/negotiation.ts';
import { formatExtensions, parseExtensions } from '../../lib/websocket/handshake/extensions.ts';
import { type WsEvent, WsMessage } from '../../lib/websocket/message.ts';
import { WsMessageDecoder } from '../../lib/websocket/message-decoder.ts';
import type { WsRole } from '../../lib/websocket/opcode.ts';
import { counting, plain } from './wire.ts';

const rfc = JSON.parse(readFileSync(new URL('../vectors/rfc/rfc7692.json', import.meta.url), 'utf8')) as {
  messages: { name: string; frames: string[]; text: string; needsContextOf?: string }[];
  offers: { valid: string[]; decline: string[] };
};

const ALONE = { windowBits: 15, noContextTakeover: true };
const WITH_CONTEXT = { windowBits: 15, noContextTakeover: false };
const QUICK = { threshold: 0, level: 1, memLevel: 8 };

describe('compressed messages of RFC 7692', () => {
  it.each(rfc.messages)('should be inflated: $name', ({ frames, text, needsContextOf }) => {
    const inflater = new Inflater(WITH_CONTEXT);
    if (needsContextOf !== undefined) inflater.inflate(hex(needsContextOf), 100);
    const seen: WsEvent[] = [];
    const decoder = new WsMessageDecoder('client', {}, inflater);
    for (const frame of frames) decoder.push(hex(frame), (event) => seen.push(event));
    expect(seen).toEqual([new WsMessage('text', Buffer.from(text))]);
  });
});

describe('Inflater', () => {
  const inflate = (digits: string, limit = 1000) =>
    new Inflater(ALONE).inflate(hex(digits), limit).toString();

  it('should put up with a last block that nothing follows', () => {
    expect(inflate('f348cdc9c90700')).toBe('Hello');
  });

  it('should go on behind a last block in the midst', () => {
    expect(inflate('f348cdc9c90700' + 'f248cdc9c90700')).toBe('HelloHello');
  });

  it.each([
    ['nothing', ''],
    ['half a message', 'f248cdc9'],
    ['something behind the end', 'f248cdc9c907000001'],
    ['a match that goes back too far', 'f200110000'],
    ['any bytes', 'ffffffff'],
    ['empty last blocks without end', '0300'.repeat(9)],
  ])('should refuse %s', (_, digits) => {
    expect(() => inflate(digits)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_DEFLATE', closeCode: 1007 }),
    );
  });

  it('should not inflate more than the limit', () => {
    const bomb = new Deflater({ ...ALONE, ...QUICK }).deflate(Buffer.alloc(1000))!;
    expect(new Inflater(ALONE).inflate(bomb, 1000)).toEqual(Buffer.alloc(1000));
    expect(() => new Inflater(ALONE).inflate(bomb, 999)).toThrow(
      expect.objectContaining({ reason: 'inflated-length', closeCode: 1009 }),
    );
  });

  it('should not inflate more than the limit in several streams', () => {
    expect(inflate('f348cdc9c90700f248cdc9c90700', 10)).toBe('HelloHello');
    expect(() => inflate('f348cdc9c90700f248cdc9c90700', 9)).toThrow(
      expect.objectContaining({ reason: 'inflated-length' }),
    );
  });

  it('should take little memory for a bomb', () => {
    const bomb = new Deflater({ ...ALONE, ...QUICK, level: 9 }).deflate(Buffer.alloc(64 * 1024 * 1024))!;
    const before = process.memoryUsage().arrayBuffers;
    expect(() => new Inflater(ALONE).inflate(bomb, 100_000)).toThrow(
      expect.objectContaining({ code: 'ERR_WS_TOO_LONG' }),
    );
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024);
  });
});

/** Messages that have something in common. */
const similar = fc.array(
  fc.oneof(
    fc
      .constantFrom(0, 1, 50, 300, 1000, 40_000)
      .map((length) => utf8('{"name":"value","list":[1,2,3]}'.repeat(length))),
    fc.uint8Array({ maxLength: 400 }),
    fc.constantFrom(10, 5000).map(counting),
  ),
  { maxLength: 8 },
);

describe('Deflater and Inflater', () => {
  it('should pass on any messages, with every window, with and without context', () => {
    const property = fc.property(
      similar,
      fc.integer({ min: 8, max: 15 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (messages, windowBits, noContextTakeover, level) => {
        const deflater = new Deflater({ ...QUICK, windowBits, noContextTakeover, level });
        const inflater = new Inflater({ windowBits, noContextTakeover });
        for (const message of messages) {
          const deflated = deflater.deflate(message);
          if (deflated !== undefined)
            expect(inflater.inflate(deflated, 2_000_000).equals(message)).toBe(true);
        }
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it.each([8, 9, 10, 12, 15])(
    'should never look further back than %d bits, as a stream of zlib sees it',
    (windowBits) => {
      const deflater = new Deflater({ ...QUICK, level: 9, windowBits, noContextTakeover: false });
      // The same words again and again, ever further apart.
      const words = Array.from(
        { length: 300 },
        (_, index) => `word ${index % 90} ${'x'.repeat(index % 13)};`,
      );
      for (let round = 0; round < 4; round++) {
        const message = Buffer.from(words.join(String(round)));
        const deflated = deflater.deflate(message)!;
        if (round > 0) continue;
        // Small outputs, so that zlib has only its window to look back on.
        const options = { windowBits, chunkSize: 64, finishFlush: constants.Z_SYNC_FLUSH };
        expect(inflateRawSync(Buffer.concat([deflated, hex('00 00 ff ff')]), options)).toEqual(message);
      }
    },
  );

  it('should speak with streams of zlib that keep their context', async () => {
    const deflateStream = createDeflateRaw();
    const inflateStream = createInflateRaw();
    const through = (stream: DeflateRaw | InflateRaw, input: Uint8Array) =>
      new Promise<Buffer>((resolve) => {
        const pieces: Buffer[] = [];
        const take = (piece: Buffer) => pieces.push(piece);
        stream.on('data', take);
        stream.write(input);
        stream.flush(constants.Z_SYNC_FLUSH, () => {
          stream.off('data', take);
          resolve(Buffer.concat(pieces));
        });
      });
    const deflater = new Deflater({ ...WITH_CONTEXT, ...QUICK });
    const inflater = new Inflater(WITH_CONTEXT);
    let shorter = 0;
    for (const count of [20, 21, 3000, 22, 23]) {
      const message = Buffer.from('some words that come again '.repeat(count));
      const theirs = await through(deflateStream, message);
      expect(inflater.inflate(theirs.subarray(0, -4), 1_000_000)).toEqual(message);
      const ours = deflater.deflate(message)!;
      if (ours.length < 20) shorter++;
      expect(await through(inflateStream, Buffer.concat([ours, hex('00 00 ff ff')]))).toEqual(message);
    }
    expect(shorter).toBeGreaterThan(2);
    deflateStream.close();
    inflateStream.close();
  });

  it('should leave alone what is short or does not become shorter', () => {
    const deflater = new Deflater({ ...WITH_CONTEXT, ...QUICK, threshold: 100 });
    expect(deflater.deflate(Buffer.alloc(99))).toBeUndefined();
    expect(deflater.deflate(Buffer.alloc(100))).toBeDefined();
    expect(
      deflater.deflate(Buffer.from(Array.from({ length: 200 }, (_, index) => (index * index * 7919) >> 3))),
    ).toBeUndefined();
  });
});

describe('permessage-deflate in wsCodec', () => {
  const agreement: DeflateAgreement = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 12,
    clientMaxWindowBits: 9,
  };
  const options = (fragmentSize = 0) => ({
    deflate: { agreement, options: { threshold: 20 } },
    fragmentSize,
  });
  const encode = (role: WsRole, fragmentSize: number, ...messages: WsCodecOutgoing[]) => {
    const encoder = wsCodec(role, options(fragmentSize)).encoder();
    const pieces: Buffer[] = [];
    for (const message of messages) encoder.push(message, (piece) => pieces.push(Buffer.from(piece)));
    return Buffer.concat(pieces);
  };
  const decode = (role: WsRole, ...chunks: Uint8Array[]) => {
    const seen: WsEvent[] = [];
    const decoder = wsCodec(role, options()).decoder();
    for (const chunk of chunks) decoder.push(Buffer.from(chunk), (event) => seen.push(event));
    return seen;
  };

  it.each<[WsRole, WsRole, number]>([
    ['server', 'client', 0],
    ['client', 'server', 0],
    ['server', 'client', 7],
    ['client', 'server', 7],
  ])('should pass on messages from %s to %s, in frames of %d bytes', (from, to, fragmentSize) => {
    const long = 'compress me, '.repeat(30);
    const wire = encode(from, fragmentSize, long, 'short', utf8(long), { type: 'ping' }, '', long);
    expect(wire.length).toBeLessThan(long.length);
    const expected = [
      new WsMessage('text', Buffer.from(long)),
      new WsMessage('text', Buffer.from('short')),
      new WsMessage('binary', Buffer.from(long)),
      { type: 'ping', data: Buffer.alloc(0) },
      new WsMessage('text', Buffer.alloc(0)),
      new WsMessage('text', Buffer.from(long)),
    ];
    expect(decode(to, wire)).toEqual(expected);
    expect(decode(to, ...Array.from(wire, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it('should not compress messages that are sent in parts', () => {
    const wire = encode(
      'server',
      0,
      { type: 'text', data: 'x'.repeat(50), final: false },
      { type: 'text', data: 'y' },
    );
    expect(wire).toEqual(Buffer.concat([plain(0x01, 'x'.repeat(50)), plain(0x80, 'y')]));
  });

  it.each([
    ['a continuation with RSV1', '4103f248cd' + 'c004c9c90700'],
    ['a ping with RSV1', 'c900'],
    ['RSV2 beside RSV1', 'e107f248cdc9c90700'],
  ])('should refuse %s', (_, wire) => {
    expect(() => decode('client', hex(wire))).toThrow(expect.objectContaining({ reason: 'reserved-bits' }));
  });

  it('should refuse an inflated text that is not UTF-8', () => {
    const deflated = new Deflater({ ...ALONE, ...QUICK }).deflate(Buffer.alloc(30, 0xff))!;
    expect(() => decode('client', plain(0xc1, deflated))).toThrow(
      expect.objectContaining({ reason: 'utf8' }),
    );
    expect(decode('client', plain(0xc2, deflated))).toHaveLength(1);
  });
});

describe('negotiation of permessage-deflate', () => {
  const parsed = (value: string) => parseExtensions(value)!;
  const settings = deflateSettings({ serverNoContextTakeover: false, clientNoContextTakeover: false });

  it.each(rfc.offers.valid)('should take the offer: %s', (offer) => {
    expect(answerDeflate(parsed(offer), settings)).toBeDefined();
  });

  it.each(rfc.offers.decline)('should decline the offer: %s', (offer) => {
    expect(answerDeflate(parsed(offer), settings)).toBeUndefined();
    // The next one is as good.
    const second = answerDeflate(parsed(`${offer}, permessage-deflate`), settings);
    expect(second?.extension).toEqual({ name: 'permessage-deflate', parameters: [] });
  });

  const answers: [string, string, Parameters<typeof deflateSettings>[0]][] = [
    ['permessage-deflate', 'permessage-deflate; server_no_context_takeover; client_no_context_takeover', {}],
    ['foo, permessage-deflate', 'permessage-deflate', settings],
    [
      'permessage-deflate; server_no_context_takeover',
      'permessage-deflate; server_no_context_takeover',
      settings,
    ],
    [
      'permessage-deflate; client_no_context_takeover',
      'permessage-deflate; client_no_context_takeover',
      settings,
    ],
    [
      'permessage-deflate; server_max_window_bits=10',
      'permessage-deflate; server_max_window_bits=10',
      settings,
    ],
    [
      'permessage-deflate; server_max_window_bits="10"',
      'permessage-deflate; server_max_window_bits=10',
      settings,
    ],
    [
      'permessage-deflate; server_max_window_bits=12',
      'permessage-deflate; server_max_window_bits=9',
      { ...settings, serverMaxWindowBits: 9 },
    ],
    [
      'permessage-deflate',
      'permessage-deflate',
      { ...settings, serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
    ],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate', settings],
    [
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; client_max_window_bits=9',
      { ...settings, clientMaxWindowBits: 9 },
    ],
    [
      'permessage-deflate; client_max_window_bits=8',
      'permessage-deflate; client_max_window_bits=8',
      { ...settings, clientMaxWindowBits: 9 },
    ],
  ];
  it.each(answers)('should answer %s with %s', (offer, answer, own) => {
    const made = answerDeflate(parsed(offer), deflateSettings(own));
    expect(formatExtensions([made!.extension])).toBe(answer);
  });

  it('should agree on both sides, whatever both want', () => {
    const options = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
      clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
    });
    const property = fc.property(options, options, (ofClient, ofServer) => {
      const client = deflateSettings(ofClient);
      const answer = answerDeflate(
        parsed(formatExtensions([offerDeflate(client)])),
        deflateSettings(ofServer),
      )!;
      const accepted = acceptDeflate(
        parsed(formatExtensions([answer.extension]))[0]!,
        client,
      ) as DeflateAgreement;
      // What one side may compress with, the other can inflate.
      expect(accepted.serverNoContextTakeover).toBe(answer.agreement.serverNoContextTakeover);
      expect(Number(accepted.clientNoContextTakeover)).toBeGreaterThanOrEqual(
        Number(answer.agreement.clientNoContextTakeover),
      );
      expect(answer.agreement.serverMaxWindowBits).toBeLessThanOrEqual(accepted.serverMaxWindowBits);
      expect(accepted.clientMaxWindowBits).toBeLessThanOrEqual(answer.agreement.clientMaxWindowBits);
    });
    fc.assert(property);
  });

  it.each([
    ['permessage-deflate; client_max_window_bits', {}],
    ['permessage-deflate; server_max_window_bits', {}],
    ['permessage-deflate; server_max_window_bits=16', {}],
    ['permessage-deflate; client_max_window_bits=7', {}],
    ['permessage-deflate; client_max_window_bits=010', {}],
    ['permessage-deflate; unknown=1', {}],
    ['permessage-deflate; server_no_context_takeover; server_no_context_takeover', {}],
    ['permessage-deflate', { serverNoContextTakeover: true }],
    ['permessage-deflate', { serverMaxWindowBits: 10 }],
    ['permessage-deflate; server_max_window_bits=11', { serverMaxWindowBits: 10 }],
    ['permessage-deflate; client_max_window_bits=11', { clientMaxWindowBits: 10 }],
  ])('should not accept %s as an answer to %j', (answer, options) => {
    const own = deflateSettings({ serverNoContextTakeover: false, ...options });
    expect(typeof acceptDeflate(parsed(answer)[0]!, own)).toBe('string');
  });

  it('should accept a context that the server gives up by itself', () => {
    expect(
      acceptDeflate(
        parsed('permessage-deflate; server_no_context_takeover; client_no_context_takeover')[0]!,
        settings,
      ),
    ).toEqual({
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 15,
      clientMaxWindowBits: 15,
    });
  });

  it.each([
    ['serverMaxWindowBits', 7],
    ['clientMaxWindowBits', 16],
    ['level', 0],
    ['memLevel', 10],
    ['threshold', -1],
    ['windowBits', 9],
  ])('should refuse the option %s: %d', (option, value) => {
    expect(() => deflateSettings({ [option]: value })).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option }),
    );
  });
});

describe('parseExtensions', () => {
  it('should read names, parameters and quoted values', () => {
    expect(parseExtensions('a; b; c=1 ;d = "x", e;f="\\y"')).toEqual([
      {
        name: 'a',
        parameters: [
          ['b', undefined],
          ['c', '1'],
          ['d', 'x'],
        ],
      },
      { name: 'e', parameters: [['f', 'y']] },
    ]);
    expect(parseExtensions('')).toEqual([]);
  });

  it.each(['a b', 'a;', 'a; =1', 'a; b=', 'a; b="', 'a; b="x y"', 'a; b=""', ';a', 'a;;b', 'a; b=c=d'])(
    'should refuse %s',
    (value) => {
      expect(parseExtensions(value)).toBeUndefined();
    },
  );
});
