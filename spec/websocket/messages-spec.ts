import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { type CodecExample, type RejectExample, verifyCodec } from '../../lib/testing/index.ts';
import { isCloseCode } from '../../lib/websocket/close-code.ts';
import { type WsCodecOptions, type WsCodecOutgoing, wsCodec } from '../../lib/websocket/codec.ts';
import { type WsEvent, WsMessage } from '../../lib/websocket/message.ts';
import { WsMessageDecoder } from '../../lib/websocket/message-decoder.ts';
import type { WsRole } from '../../lib/websocket/opcode.ts';
import type { WsMessageOptions } from '../../lib/websocket/options.ts';
import type { WsError } from '../../lib/websocket/ws-error.ts';
import { ONE_KEY, counting, masked, plain } from './wire.ts';

const text = (content: string) => new WsMessage('text', Buffer.from(content));
const binary = (content: Uint8Array) => new WsMessage('binary', Buffer.from(content));

function decodeAll(role: WsRole, options: WsMessageOptions, ...chunks: Uint8Array[]): WsEvent[] {
  const events: WsEvent[] = [];
  const decoder = new WsMessageDecoder(role, options);
  for (const chunk of chunks) decoder.push(Buffer.from(chunk), (event) => events.push(event));
  return events;
}

function encodeAll(role: WsRole, options: WsCodecOptions, ...messages: WsCodecOutgoing[]): Buffer {
  const encoder = wsCodec(role, options).encoder();
  const pieces: Buffer[] = [];
  for (const message of messages) encoder.push(message, (piece) => pieces.push(Buffer.from(piece)));
  return Buffer.concat(pieces);
}

describe('wsCodec', () => {
  const EURO = utf8('€');
  const incoming: CodecExample<WsEvent, WsCodecOutgoing>[] = [
    { wire: masked(0x81, 'Hello'), messages: [text('Hello')] },
    { wire: masked(0x81), messages: [text('')] },
    { wire: masked(0x82), messages: [binary(utf8(''))] },
    { wire: masked(0x81, 'ä€😀'), messages: [text('ä€😀')] },
    { wire: masked(0x82, counting(125)), messages: [binary(counting(125))] },
    { wire: masked(0x82, counting(126)), messages: [binary(counting(126))] },
    { wire: Buffer.concat([masked(0x01, 'Hel'), masked(0x80, 'lo')]), messages: [text('Hello')] },
    { wire: Buffer.concat([masked(0x02), masked(0x00), masked(0x80)]), messages: [binary(utf8(''))] },
    {
      wire: Buffer.concat([
        masked(0x01, EURO.subarray(0, 1)),
        masked(0x00, EURO.subarray(1, 2)),
        masked(0x80, EURO.subarray(2)),
      ]),
      messages: [text('€')],
    },
    {
      wire: Buffer.concat([
        masked(0x01, 'a'),
        masked(0x89, 'p'),
        masked(0x00, 'b'),
        masked(0x8a),
        masked(0x80, 'c'),
      ]),
      messages: [
        { type: 'ping', data: Buffer.from('p') },
        { type: 'pong', data: Buffer.alloc(0) },
        text('abc'),
      ],
    },
    { wire: masked(0x89, counting(125)), messages: [{ type: 'ping', data: counting(125) }] },
  ];

  const rejects: RejectExample<WsEvent>[] = [
    { wire: masked(0xc1, 'a'), error: 'ERR_WS_RESERVED_BITS' },
    { wire: masked(0x80, 'a'), error: 'ERR_WS_FRAGMENT' },
    { wire: masked(0x81, hex('61 ff')), error: 'ERR_WS_UTF8' },
    { wire: masked(0x81, hex('e2 82')), error: 'ERR_WS_UTF8' },
    { wire: Buffer.concat([masked(0x01, hex('e2 82')), masked(0x80)]), error: 'ERR_WS_UTF8' },
    { wire: masked(0x88, hex('03')), error: 'ERR_WS_CLOSE' },
    { wire: masked(0x88, hex('03 ed')), error: 'ERR_WS_CLOSE' },
    { wire: masked(0x88, hex('03 e8 ff')), error: 'ERR_WS_UTF8' },
    { wire: masked(0x01, 'a'), error: 'ERR_WS_TRUNCATED', when: 'end' },
    { wire: hex('81'), error: 'ERR_WS_TRUNCATED', when: 'end' },
  ];

  it('should receive messages of clients, whatever way they are cut', () => {
    verifyCodec(wsCodec('server'), incoming, { rejects, encode: false });
  });

  it('should receive messages of servers, and send what clients receive', () => {
    verifyCodec(wsCodec('client', { keys: ONE_KEY }), [
      { wire: plain(0x81, 'Hello'), messages: [text('Hello')], encode: false },
      { wire: plain(0x82, counting(300)), messages: [binary(counting(300))], encode: false },
    ]);
    verifyCodec<WsEvent, WsCodecOutgoing>(
      wsCodec('client', { keys: ONE_KEY }),
      [{ wire: plain(0x89, 'p'), messages: [{ type: 'ping', data: Buffer.from('p') }], encode: false }],
      { rejects: [{ wire: masked(0x81, 'a'), error: 'ERR_WS_MASK' }] },
    );
  });

  it.each<[string, WsCodecOutgoing, Buffer]>([
    ['a text', 'Hello', plain(0x81, 'Hello')],
    ['a text that is not ASCII', 'ä€😀', plain(0x81, 'ä€😀')],
    ['a text of 41 long characters', '€'.repeat(41), plain(0x81, '€'.repeat(41))],
    ['a text of 42 long characters', '€'.repeat(42), plain(0x81, '€'.repeat(42))],
    ['a text of 126 bytes', 'x'.repeat(126), plain(0x81, 'x'.repeat(126))],
    ['a long text', 'é'.repeat(5000), plain(0x81, 'é'.repeat(5000))],
    ['half a pair', 'a\ud800', plain(0x81, 'a\ufffd')],
    ['bytes', counting(17), plain(0x82, counting(17))],
    ['an ArrayBuffer', new Uint8Array(counting(20)).buffer, plain(0x82, counting(20))],
    ['many bytes', counting(70_000), plain(0x82, counting(70_000))],
    ['bytes that are text', { type: 'text', data: utf8('é') }, plain(0x81, 'é')],
    ['a text that is binary', { type: 'binary', data: 'é' }, plain(0x82, 'é')],
    ['a message that was received', text('again'), plain(0x81, 'again')],
    ['a ping', { type: 'ping', data: 'p' }, plain(0x89, 'p')],
    ['a pong', { type: 'pong' }, plain(0x8a)],
    ['a close frame', { type: 'close', code: 1000, reason: 'ok' }, plain(0x88, hex('03 e8 6f 6b'))],
    ['an empty close frame', { type: 'close' }, plain(0x88)],
  ])('should send %s', (_, message, wire) => {
    expect(encodeAll('server', {}, message).equals(wire)).toBe(true);
    const [event] = decodeAll('server', {}, encodeAll('client', {}, message));
    expect(event).toEqual(decodeAll('client', {}, wire)[0]);
  });

  it.each<[string, WsCodecOutgoing]>([
    ['a ping of 126 bytes', { type: 'ping', data: Buffer.alloc(126) }],
    ['close code 1006', { type: 'close', code: 1006 }],
    ['a reason of 124 bytes', { type: 'close', code: 1000, reason: 'x'.repeat(124) }],
    ['a reason without code', { type: 'close', reason: 'x' }],
  ])('should not send %s, and go on', (_, message) => {
    expect(() => encodeAll('server', {}, message)).toThrow(expect.objectContaining({ code: 'ERR_WS_SEND' }));
  });

  it('should refuse what is no message', () => {
    expect(() => encodeAll('server', {}, 5 as never)).toThrow(OptionError);
    expect(() => encodeAll('server', {}, {} as never)).toThrow(OptionError);
  });

  it('should send a message in parts, with control frames in between', () => {
    const parts: WsCodecOutgoing[] = [
      { type: 'text', data: 'a', final: false },
      { type: 'ping' },
      { type: 'text', data: 'b', final: false },
      { type: 'text', data: '', final: true },
      'next',
    ];
    const wire = Buffer.concat([
      plain(0x01, 'a'),
      plain(0x89),
      plain(0x00, 'b'),
      plain(0x80),
      plain(0x81, 'next'),
    ]);
    expect(encodeAll('server', {}, ...parts)).toEqual(wire);
  });

  it('should not send a message within another, and go on with that one', () => {
    const encoder = wsCodec('server').encoder();
    const seen: Buffer[] = [];
    const push = (message: WsCodecOutgoing) =>
      encoder.push(message, (piece) => seen.push(Buffer.from(piece)));
    push({ type: 'binary', data: 'a', final: false });
    for (const other of ['b', utf8('b'), { type: 'text', data: 'b' } as const])
      expect(() => push(other)).toThrow(expect.objectContaining({ code: 'ERR_WS_SEND' }));
    push({ type: 'binary', data: 'c' });
    expect(Buffer.concat(seen)).toEqual(Buffer.concat([plain(0x02, 'a'), plain(0x80, 'c')]));
  });

  it.each([1, 2, 3, 100])('should send no frames longer than fragmentSize: %d', (fragmentSize) => {
    const content = 'abcdef€';
    const wire = encodeAll('client', { fragmentSize }, content, utf8(content));
    expect(decodeAll('server', { maxFrameSize: fragmentSize }, wire)).toEqual([
      text(content),
      binary(utf8(content)),
    ]);
    const frames = Math.ceil(9 / fragmentSize);
    expect(wire.length).toBe(2 * (9 + frames * 6));
  });

  it('should pass on any messages in any cuts', () => {
    const message = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(125, 126, 8191, 8192, 65_535, 65_536).map(counting),
      fc.constantFrom(41, 42, 126, 2731, 8192).map((length) => '€'.repeat(length)),
    );
    const property = fc.property(
      fc.constantFrom<WsRole>('client', 'server'),
      fc.array(message, { maxLength: 6 }),
      fc.constantFrom(0, 1000),
      fc.array(fc.nat(100_000), { maxLength: 4 }),
      (role, messages, fragmentSize, cuts) => {
        const wire = encodeAll(role, { fragmentSize }, ...messages);
        const places = [
          0,
          ...cuts.map((cut) => Math.min(cut, wire.length)).sort((a, b) => a - b),
          wire.length,
        ];
        const chunks = places.slice(1).map((end, index) => wire.subarray(places[index], end));
        const events = decodeAll(role === 'client' ? 'server' : 'client', {}, ...chunks);
        const shown = events.map(
          (event) => `${event.type} ${'data' in event ? event.data.toString('base64') : ''}`,
        );
        const kind = (sent: string | Uint8Array) => (typeof sent === 'string' ? 'text' : 'binary');
        expect(shown).toEqual(
          messages.map((sent) => `${kind(sent)} ${Buffer.from(sent).toString('base64')}`),
        );
      },
    );
    fc.assert(property, { numRuns: 150 });
  });
});

describe('WsMessageDecoder', () => {
  it('should refuse a text as soon as it cannot become UTF-8', () => {
    const decoder = new WsMessageDecoder('client');
    const push = (bytes: Uint8Array) => decoder.push(bytes, () => undefined);
    push(hex('81 7e 03 e8'));
    push(utf8('so far, so good '));
    push(hex('f4'));
    expect(() => push(hex('90'))).toThrow(expect.objectContaining({ reason: 'utf8', closeCode: 1007 }));
  });

  it('should refuse a fragment as soon as it cannot become UTF-8', () => {
    expect(() => decodeAll('client', {}, plain(0x01, hex('61 ed a0')))).toThrow(
      expect.objectContaining({ reason: 'utf8' }),
    );
  });

  it('should refuse a message with the header that makes it too long', () => {
    const decoder = new WsMessageDecoder('client', { maxMessageSize: 10 });
    decoder.push(plain(0x01, '123456'), () => undefined);
    expect(() => decoder.push(hex('80 05'), () => undefined)).toThrow(
      expect.objectContaining({ reason: 'message-length', closeCode: 1009 }),
    );
  });

  it.each([0, 5, 126])('should take exactly maxMessageSize: %d', (maxMessageSize) => {
    const take = (length: number) =>
      decodeAll('client', { maxMessageSize }, plain(0x82, Buffer.alloc(length)));
    expect(take(maxMessageSize)).toHaveLength(1);
    expect(() => take(maxMessageSize + 1)).toThrow(expect.objectContaining({ code: 'ERR_WS_TOO_LONG' }));
  });

  it('should take control frames whatever the limit of messages', () => {
    expect(
      decodeAll('client', { maxMessageSize: 200, maxFrameSize: 200 }, plain(0x89, counting(125))),
    ).toHaveLength(1);
  });

  it('should count what has come of a message', () => {
    const decoder = new WsMessageDecoder('client');
    const residues = [
      hex('01'),
      hex('02'),
      utf8('a'),
      utf8('b'),
      hex('89'),
      hex('00'),
      hex('80 02'),
      utf8('c'),
      utf8('d'),
    ].map((chunk) => (decoder.push(chunk, () => undefined), decoder.residue));
    expect(residues).toEqual([1, 2, 3, 4, 5, 4, 6, 7, 0]);
  });

  it('should take memory as it comes, not as it is announced', () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from(
      { length: 100 },
      () => new WsMessageDecoder('client', { maxMessageSize: 2 ** 30 }),
    );
    for (const decoder of decoders) decoder.push(hex('82 7f 00 00 00 00 3f ff ff ff 00'), () => undefined);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100 * 70 * 1024);
  });

  it('should stay linear with a million fragments of one byte', () => {
    const decoder = new WsMessageDecoder('client', { maxMessageSize: 2 ** 20 });
    const chunk = Buffer.concat(Array.from({ length: 10_000 }, () => plain(0x00, 'x')));
    const seen: WsEvent[] = [];
    decoder.push(plain(0x01), (event) => seen.push(event));
    for (let count = 0; count < 30; count++) decoder.push(Buffer.from(chunk), (event) => seen.push(event));
    decoder.push(plain(0x80), (event) => seen.push(event));
    expect((seen[0] as WsMessage).data.length).toBe(300_000);
  });

  it('should pass over everything behind a close frame', () => {
    const wire = Buffer.concat([plain(0x88, hex('03 e8 62 79 65')), plain(0x81, 'late'), hex('ff ff ff')]);
    const decoder = new WsMessageDecoder('client');
    const seen: WsEvent[] = [];
    decoder.push(wire, (event) => seen.push(event));
    decoder.push(hex('ff'), (event) => seen.push(event));
    expect(seen).toEqual([{ type: 'close', code: 1000, reason: 'bye' }]);
    expect(decoder.residue).toBe(0);
    decoder.end();
  });

  it('should make text of a message when it is asked for it', () => {
    const [message] = decodeAll('client', {}, plain(0x81, 'ä€😀'));
    expect((message as WsMessage).text).toBe('ä€😀');
  });

  it.each(['maxMessageSize', 'maxFrameSize', 'fragmentSize'])('should refuse an illegal %s', (option) => {
    for (const value of [-1, 1.5, 2 ** 30 + 1, '5'])
      expect(() => wsCodec('server', { [option]: value })).toThrow(expect.objectContaining({ option }));
  });

  it('should refuse an unknown role', () => {
    expect(() => wsCodec('peer' as never)).toThrow(OptionError);
  });
});

describe('isCloseCode', () => {
  const { closeCodes } = JSON.parse(
    readFileSync(new URL('../vectors/rfc/rfc6455.json', import.meta.url), 'utf8'),
  ) as {
    closeCodes: { mayBeSent: (number | string)[]; mustNotBeSent: (number | string)[] };
  };
  const all = (codes: (number | string)[]) =>
    codes.flatMap((code) => {
      const [from = 0, to = from] = String(code).split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });

  it('should know which codes may be sent', () => {
    expect(all(closeCodes.mayBeSent).filter((code) => !isCloseCode(code))).toEqual([]);
    expect(all(closeCodes.mustNotBeSent).filter(isCloseCode)).toEqual([]);
  });

  it('should take the same codes of a peer', () => {
    const differing: number[] = [];
    for (let code = 0; code < 65_536; code += code < 5100 ? 1 : 97) {
      const decoder = new WsMessageDecoder('client');
      let taken: WsEvent | undefined;
      try {
        decoder.push(plain(0x88, Uint8Array.of(code >> 8, code)), (event) => (taken = event));
      } catch (error) {
        if ((error as WsError).reason !== 'close-code') throw error;
      }
      const isTaken = taken?.type === 'close' && taken.code === code;
      if (isTaken !== isCloseCode(code)) differing.push(code);
    }
    expect(differing).toEqual([]);
  });
});
