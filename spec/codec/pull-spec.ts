import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { OptionError, ProtocolError } from '../../lib/base/errors.ts';
import { type BytesLike, hex, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import type { Codec, Decoder } from '../../lib/codec/codec.ts';
import { pull } from '../../lib/codec/pull.ts';
import type { PullGenerator, PullReader } from '../../lib/codec/pull-reader.ts';

type Any<M> = Codec<Uint8Array, M, Uint8Array, BytesLike>;

/** What a codec makes of some pieces and, with `end`, of the end of the stream. */
function decoded<M>(codec: Any<M>, pieces: readonly BytesLike[], end = true): M[] {
  const decoder = codec.decoder();
  const messages: M[] = [];
  for (const piece of pieces) push(decoder, piece, messages);
  if (end) decoder.end?.((message) => messages.push(message));
  return messages;
}

function push<M>(decoder: Decoder<Uint8Array, M>, piece: BytesLike, messages: M[] = []): M[] {
  decoder.push(typeof piece === 'string' ? utf8(piece) : (piece as Uint8Array).slice(), (message) =>
    messages.push(message),
  );
  return messages;
}

/** Whole, byte by byte, and cut at every place. */
function everyCut(bytes: Uint8Array): Uint8Array[][] {
  const ways = [[bytes], [...bytes].map((byte) => Uint8Array.of(byte))];
  for (let cut = 1; cut < bytes.length; cut++) ways.push([bytes.subarray(0, cut), bytes.subarray(cut)]);
  return ways;
}

function thrown(action: () => unknown): ProtocolError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ operation: 'receive' });
    return error as ProtocolError;
  }
  throw new Error('nothing was thrown');
}

const frames = pull(function* (r) {
  const sequence = yield* r.uint32le();
  const length = yield* r.uint32le();
  return `${sequence} ${yield* r.text(length)}`;
});

describe('pull', () => {
  it.each([
    ['whole in one segment', ['070000000500000068656c6c6f'], ['7 hello']],
    ['split 3 + 5, 2 + 3', ['070000', '0005000000', '6865', '6c6c6f'], ['7 hello']],
    ['two messages in one segment', ['070000000500000068656c6c6f080000000000000009'], ['7 hello', '8 ']],
  ])('should decode what was recorded from the original: %s', (_, pieces, messages) => {
    expect(decoded(frames, pieces.map(hex), false)).toEqual(messages);
  });

  it('should emit the same, wherever the bytes are cut', () => {
    const line = pull(function* (r) {
      const kind = yield* r.peek(1);
      if (kind[0] === 0x23) return toText(yield* r.until('\r\n'));
      const count = yield* r.uint8();
      yield* r.skip(count);
      return [...(yield* r.fetch(count))];
    });
    const bytes = Buffer.from('#one\r\n\x02xxab#\r\n\x00#a\rb\n\r\r\n', 'latin1');
    const expected = ['#one', [97, 98], '#', [], '#a\rb\n\r'];
    for (const pieces of everyCut(bytes)) expect(decoded(line, pieces)).toEqual(expected);
  });

  it('should emit the same for any messages and any cuts', () => {
    const property = (bodies: string[], sizes: number[]) => {
      const bytes = Buffer.concat(
        bodies.map((body) => {
          const text = Buffer.from(body);
          const head = Buffer.alloc(8);
          head.writeUInt32LE(1);
          head.writeUInt32LE(text.length, 4);
          return Buffer.concat([head, text]);
        }),
      );
      const pieces: Uint8Array[] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const size = sizes[cut % sizes.length]!;
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(decoded(frames, pieces)).toEqual(bodies.map((body) => `1 ${body}`));
    };
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 12 });
    fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 8 }), sizes, property));
  });

  it('should give each stream a decoder of its own', () => {
    const [one, two] = [frames.decoder(), frames.decoder()];
    const messages: string[] = [];
    push(one, hex('01000000 01'), messages);
    push(two, hex('02000000 01'), messages);
    push(one, hex('000000 61'), messages);
    push(two, hex('000000 62'), messages);
    expect(messages).toEqual(['1 a', '2 b']);
  });

  it('should emit a message before the bytes of the next are asked for', () => {
    const log: string[] = [];
    const codec = pull(function* (r) {
      log.push('begin');
      return yield* r.uint8();
    });
    codec.decoder().push(Uint8Array.of(1, 2), (message) => log.push(`emit ${message}`));
    expect(log).toEqual(['begin', 'emit 1', 'begin', 'emit 2']);
  });

  it('should begin a message with its first byte', () => {
    let runs = 0;
    const codec = pull(function* (r) {
      runs++;
      return yield* r.uint8();
    });
    const decoder = codec.decoder();
    push(decoder, '');
    expect(runs).toBe(0);
    push(decoder, 'a');
    expect(runs).toBe(1);
    decoder.end?.(() => undefined);
    expect(runs).toBe(1);
  });

  it('should emit nothing when the generator returns nothing', () => {
    const codec = pull(function* (r) {
      const value = yield* r.uint8();
      if (value !== 0) return value;
      return undefined;
    });
    const messages: number[] = decoded(codec, [Uint8Array.of(1, 0, 0, 2)]);
    expect(messages).toEqual([1, 2]);
    const silent = pull(function* (r) {
      yield* r.skip(1);
    });
    expect(decoded(silent, ['abc'])).toEqual([]);
    const falsy = pull(function* (r) {
      return (yield* r.uint8()) === 0 ? null : '';
    });
    expect(decoded(falsy, [Uint8Array.of(0, 1)])).toEqual([null, '']);
  });

  it('should go on behind a message whose observer threw', () => {
    const decoder = frames.decoder();
    const bytes = hex('01000000 01000000 61  02000000 01000000 62');
    const failing = () => {
      throw new Error('observer');
    };
    expect(() => decoder.push(bytes, failing)).toThrow('observer');
    expect(push(decoder, '')).toEqual(['2 b']);
    expect(decoder.residue).toBe(0);
  });

  it('should count every byte of an unfinished message as residue', () => {
    const decoder = frames.decoder();
    const counts = [...hex('01000000 02000000 6162 01')].map((byte) => {
      push(decoder, Uint8Array.of(byte));
      return decoder.residue;
    });
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
  });

  it('should send what it is given as it is', () => {
    const encoder = frames.encoder();
    const pieces: Uint8Array[] = [];
    const bytes = Uint8Array.of(1, 2);
    for (const data of ['hi', bytes, bytes.buffer]) encoder.push(data, (piece) => pieces.push(piece));
    expect(pieces).toEqual([utf8('hi'), bytes, bytes]);
    expect(pieces[1]).toBe(bytes);
  });
});

describe('a generator of pull', () => {
  it('should be able to ask other generators', () => {
    function* short(r: PullReader): PullGenerator<string> {
      return yield* r.text(yield* r.uint8());
    }
    function* list<T>(r: PullReader, item: (r: PullReader) => PullGenerator<T>): PullGenerator<T[]> {
      const items: T[] = [];
      for (let count = yield* r.uint16be(); count > 0; count--) items.push(yield* item(r));
      return items;
    }
    const codec = pull(function* (r) {
      const names = yield* list(r, short);
      const pairs = yield* list(r, (inner) => list(inner, short));
      return { names, pairs };
    });
    const bytes = hex('0002 0161 026263  0001 0002 0178 00');
    const expected = [{ names: ['a', 'bc'], pairs: [['x', '']] }];
    for (const pieces of everyCut(bytes)) expect(decoded(codec, pieces)).toEqual(expected);
  });

  it('should be answered to a plain yield too', () => {
    const codec = pull(function* (r): PullGenerator<string> {
      const count = (yield r.uint8()) as number;
      const skipped = (yield r.skip(1)) as number;
      const bytes = (yield r.fetch(count)) as Uint8Array;
      return `${toText(bytes)}${skipped}`;
    });
    for (const pieces of everyCut(hex('02ff6869 00ff'))) expect(decoded(codec, pieces)).toEqual(['hi1', '1']);
  });

  it('should be able to keep a request and make it again', () => {
    const codec = pull(function* (r) {
      const two = r.text(2);
      const three = r.text(3);
      return [yield* two, yield* three, yield* two];
    });
    for (const pieces of everyCut(utf8('abcdefg')))
      expect(decoded(codec, pieces)).toEqual([['ab', 'cde', 'fg']]);
  });

  it('should get its answers typed', () => {
    const codec = pull(function* (r) {
      const count: number = yield* r.uint8();
      const wide: bigint = yield* r.uint64be();
      const bytes: Uint8Array = yield* r.fetch(count);
      // @ts-expect-error: a text is no number
      const wrong: number = yield* r.text(0);
      return { wide, bytes, wrong };
    });
    const decoder: Decoder<Uint8Array, { wide: bigint; bytes: Uint8Array; wrong: number }> = codec.decoder();
    expect(decoder.residue).toBe(0);
  });

  it('should get every kind of number', () => {
    const codec = pull(function* (r) {
      return [
        [yield* r.uint8(), yield* r.int8()],
        [yield* r.uint16be(), yield* r.uint16le(), yield* r.int16be(), yield* r.int16le()],
        [yield* r.uint32be(), yield* r.uint32le(), yield* r.int32be(), yield* r.int32le()],
        [yield* r.uint64be(), yield* r.uint64le(), yield* r.int64be(), yield* r.int64le()],
        [yield* r.float32be(), yield* r.float32le(), yield* r.float64be(), yield* r.float64le()],
      ];
    });
    const bytes = hex(`
      fe fe
      fffe feff fffe feff
      fffefdfc fcfdfeff fffefdfc fcfdfeff
      fffefdfcfbfaf9f8 f8f9fafbfcfdfeff fffefdfcfbfaf9f8 f8f9fafbfcfdfeff
      c0200000 000020c0 c004000000000000 00000000000004c0
    `);
    const expected = [
      [254, -2],
      [65534, 65534, -2, -2],
      [4294901244, 4294901244, -66052, -66052],
      [18446460386757245432n, 18446460386757245432n, -283686952306184n, -283686952306184n],
      [-2.5, -2.5, -2.5, -2.5],
    ];
    for (const pieces of everyCut(bytes)) expect(decoded(codec, pieces)).toEqual([expected]);
  });

  it('should get views of what was received, and of its own what lies in several chunks', () => {
    const codec = pull(function* (r) {
      return yield* r.fetch(4);
    });
    const chunk = utf8('abcdef');
    const messages: Uint8Array[] = [];
    const decoder = codec.decoder();
    decoder.push(chunk, (message) => messages.push(message));
    decoder.push(utf8('gh'), (message) => messages.push(message));
    expect(messages.map(toText)).toEqual(['abcd', 'efgh']);
    expect(messages[0]?.buffer).toBe(chunk.buffer);
    expect(messages[0]?.byteOffset).toBe(chunk.byteOffset);
  });

  it('should get no bytes when it asks for none', () => {
    const codec = pull(function* (r) {
      const parts = [yield* r.fetch(0), yield* r.peek(0), yield* r.fetch(1), yield* r.fetch(0)];
      return [...parts.map((part) => part.length), yield* r.skip(0), yield* r.text(0)];
    });
    expect(decoded(codec, ['a'])).toEqual([[0, 0, 1, 0, 0, '']]);
  });

  it('should peek at what it fetches later', () => {
    const codec = pull(function* (r) {
      const ahead = toText(yield* r.peek(3));
      return [ahead, yield* r.text(2), toText(yield* r.peek(2)), yield* r.text(2)];
    });
    for (const pieces of everyCut(utf8('abcd')))
      expect(decoded(codec, pieces)).toEqual([['abc', 'ab', 'cd', 'cd']]);
  });

  it('should replace what is not UTF-8 in a text', () => {
    const codec = pull(function* (r) {
      return yield* r.text(4);
    });
    for (const pieces of everyCut(hex('c3a4ff62'))) expect(decoded(codec, pieces)).toEqual(['ä\ufffdb']);
  });
});

describe('until', () => {
  const lines = (delimiter: BytesLike, include?: boolean) =>
    pull(function* (r) {
      return toText(yield* r.until(delimiter, include === undefined ? undefined : { include }));
    });

  it.each([
    ['\n', 'one\n\ntwo\n', ['one', '', 'two']],
    ['\r\n', 'a\rb\r\n\r\r\n\r\n', ['a\rb', '\r', '']],
    ['aab', 'aaabxaabab', ['a', 'x']],
    ['ä', 'aäÃä', ['a', 'Ã']],
  ])('should find %j in %j, wherever it is cut', (delimiter, content, expected) => {
    for (const pieces of everyCut(utf8(content))) {
      expect(decoded(lines(delimiter), pieces, false)).toEqual(expected);
      expect(decoded(lines(utf8(delimiter), false), pieces, false)).toEqual(expected);
      const included = expected.map((text) => text + delimiter);
      expect(decoded(lines(delimiter, true), pieces, false)).toEqual(included);
    }
  });

  it('should take other delimiters in turn', () => {
    const codec = pull(function* (r) {
      const key = toText(yield* r.until(': '));
      return [key, toText(yield* r.until('\r\n'))];
    });
    for (const pieces of everyCut(utf8('a: b\r\n: \r\nc: : d\r\n')))
      expect(decoded(codec, pieces)).toEqual([
        ['a', 'b'],
        ['', ''],
        ['c', ': d'],
      ]);
  });

  it('should find a delimiter in what it has peeked at', () => {
    const codec = pull(function* (r) {
      yield* r.peek(4);
      return toText(yield* r.until('\n'));
    });
    for (const pieces of everyCut(utf8('ab\ncd\n'))) expect(decoded(codec, pieces, false)).toEqual(['ab']);
  });

  it('should search long in linear time', () => {
    const codec = pull(
      function* (r) {
        return (yield* r.until('\r\n\r\n')).length;
      },
      { maxLength: 100_000 },
    );
    const decoder = codec.decoder();
    const messages: number[] = [];
    const byte = utf8('\r');
    // Quadratic, this would take minutes.
    for (let i = 0; i < 100_000; i++) decoder.push(byte, (message) => messages.push(message));
    push(decoder, '\n\r\n', messages);
    expect(messages).toEqual([99_999]);
  });

  it('should refuse an empty delimiter', () => {
    const error = thrown(() => decoded(lines(''), ['abc']));
    expect(error.code).toBe('ERR_FRAME_DATA');
    expect(error.cause).toBeInstanceOf(OptionError);
  });
});

describe('the limits of pull', () => {
  const asking = (how: 'fetch' | 'peek' | 'skip' | 'text', count: unknown, maxLength = 10) =>
    pull(
      function* (r) {
        yield* r[how](count as number);
        yield* r.skip(1);
        return 'done';
      },
      { maxLength },
    );

  it.each(['fetch', 'peek', 'skip', 'text'] as const)(
    'should let %s ask for maxLength and no more',
    (how) => {
      expect(decoded(asking(how, 10), ['0123456789x'], false)).toContain('done');
      const error = thrown(() => decoded(asking(how, 11), ['0']));
      expect(error.code).toBe('ERR_FRAME_LENGTH');
      expect(error.message).toContain('a request for 11 bytes exceeds maxLength, which is 10');
    },
  );

  it.each([-1, 1.5, NaN, '5', 5n, undefined])('should take %p for no count', (count) => {
    const error = thrown(() => decoded(asking('fetch', count), ['0']));
    expect(error.code).toBe('ERR_FRAME_LENGTH');
    expect(error.message).toContain('it has to be an integer from 0 to 10');
  });

  it('should let the generator itself deal with a count that is too large', () => {
    const codec = pull(
      function* (r) {
        const count = yield* r.uint8();
        try {
          return yield* r.text(count);
        } catch {
          return 'too long';
        }
      },
      { maxLength: 3 },
    );
    expect(decoded(codec, [hex('04 01 61')])).toEqual(['too long', 'a']);
  });

  const line = (options: object) =>
    pull(function* (r) {
      return toText(yield* r.until('\r\n'));
    }, options);

  it('should let maxLength bytes come in front of a delimiter and no more', () => {
    for (const pieces of everyCut(utf8('12345\r\n')))
      expect(decoded(line({ maxLength: 5 }), pieces)).toEqual(['12345']);
    for (const pieces of everyCut(utf8('123456\r\n')))
      expect(thrown(() => decoded(line({ maxLength: 5 }), pieces)).code).toBe('ERR_FRAME_LENGTH');
  });

  it('should not wait for a delimiter that comes too late', () => {
    const decoder = line({ maxLength: 5 }).decoder();
    push(decoder, '12345');
    push(decoder, '\r'); // may be the delimiter
    const error = thrown(() => push(decoder, 'x'));
    expect(error.message).toContain('7 bytes without the delimiter exceed maxLength, which is 5');
    expect(thrown(() => push(line({ maxLength: 5 }).decoder(), '123456')).code).toBe('ERR_FRAME_LENGTH');
  });

  it('should emit the messages in front of the fault', () => {
    const decoder = line({ maxLength: 5 }).decoder();
    const messages: string[] = [];
    thrown(() => push(decoder, 'a\r\nb\r\n123456\r\n', messages));
    expect(messages).toEqual(['a', 'b']);
  });

  it('should let a message consist of maxMessage bytes and no more', () => {
    const codec = (maxMessage: number) =>
      pull(
        function* (r) {
          const count = yield* r.uint8();
          return yield* r.text(count);
        },
        { maxMessage },
      );
    expect(decoded(codec(4), [hex('03 616263 03 616263')])).toEqual(['abc', 'abc']);
    const error = thrown(() => decoded(codec(3), [hex('03')]));
    expect(error.code).toBe('ERR_FRAME_LENGTH');
    expect(error.message).toContain('a message of at least 4 bytes exceeds maxMessage, which is 3');
  });

  it('should apply maxMessage to delimiters too', () => {
    const codec = (maxMessage: number) =>
      pull(
        function* (r) {
          return [toText(yield* r.until(':')), toText(yield* r.until('\r\n'))];
        },
        { maxMessage },
      );
    for (const pieces of everyCut(utf8('ab:c\r\n'))) {
      expect(decoded(codec(6), pieces)).toEqual([['ab', 'c']]);
      expect(thrown(() => decoded(codec(5), pieces)).code).toBe('ERR_FRAME_LENGTH');
    }
  });

  it('should allow messages of 16 times maxLength, if nothing else is said', () => {
    const codec = (parts: number) =>
      pull(
        function* (r) {
          for (let i = 0; i < parts; i++) yield* r.skip(2);
          return parts;
        },
        { maxLength: 2 },
      );
    expect(decoded(codec(16), [new Uint8Array(32)])).toEqual([16]);
    expect(thrown(() => decoded(codec(17), [new Uint8Array(34)])).message).toContain('which is 32');
  });

  it.each([
    { maxLength: 0 },
    { maxLength: 2 ** 30 + 1 },
    { maxLength: 1.5 },
    { maxMessage: 0 },
    { maxMessage: 2 ** 40 + 1 },
    { tail: 'keep' },
    { frameTimeout: -1 },
    { maxSize: 5 },
  ])('should refuse %j', (options) => {
    const make = () => pull((r) => r.uint8()[Symbol.iterator]() as PullGenerator<number>, options as object);
    expect(make).toThrow(OptionError);
  });

  it('should refuse what is no function', () => {
    expect(() => pull('r' as never)).toThrow('describe must be a generator function');
  });

  it('should hand its frameTimeout on', () => {
    const codec = pull(function* (r) {
      yield* r.skip(1);
    }, { frameTimeout: 500 }); // prettier-ignore
    expect(codec.frameTimeout).toBe(500);
    expect(frames.frameTimeout).toBe(0);
  });
});

describe('the end of a stream in pull', () => {
  it('should be fine between messages and a fault within one', () => {
    const bytes = hex('01000000 02000000 6162');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const stream = () => decoded(frames, [bytes, bytes.subarray(0, cut)]);
      if (cut === 0 || cut === bytes.length) {
        expect(stream()).toHaveLength(cut === 0 ? 1 : 2);
        continue;
      }
      const error = thrown(stream);
      expect(error.code).toBe('ERR_FRAME_TRUNCATED');
      expect(error.message).toContain(`${cut} bytes into a message`);
    }
  });

  it('should drop an unfinished message if told so', () => {
    const codec = pull(
      function* (r) {
        return yield* r.text(2);
      },
      { tail: 'drop' },
    );
    const decoder = codec.decoder();
    const messages = push(decoder, 'abc');
    decoder.end?.((message) => messages.push(message));
    expect(messages).toEqual(['ab']);
    expect(decoder.residue).toBe(0);
  });

  const closing = (log: string[], tail: 'error' | 'drop', last?: () => void) =>
    pull(
      function* (r) {
        try {
          yield* inner(r);
          return 'done';
        } finally {
          log.push('outer');
          last?.();
        }
        function* inner(reader: PullReader): PullGenerator<void> {
          try {
            yield* reader.skip(2);
          } finally {
            log.push('inner');
          }
        }
      },
      { tail, maxMessage: 2 },
    );

  it.each(['error', 'drop'] as const)('should run the finally blocks of the generator (%s)', (tail) => {
    const log: string[] = [];
    const stream = () => decoded(closing(log, tail), ['abc']);
    if (tail === 'error') expect(thrown(stream).code).toBe('ERR_FRAME_TRUNCATED');
    else expect(stream()).toEqual(['done']);
    expect(log).toEqual(['inner', 'outer', 'inner', 'outer']);
  });

  it('should report what a finally block throws, unless there is a fault already', () => {
    const last = () => {
      throw new Error('last');
    };
    const end = (tail: 'error' | 'drop') => thrown(() => decoded(closing([], tail, last), ['a']));
    expect(end('error').code).toBe('ERR_FRAME_TRUNCATED');
    expect(end('drop')).toMatchObject({ code: 'ERR_FRAME_DATA', cause: new Error('last') });
  });

  it('should run them too when a limit is exceeded', () => {
    const log: string[] = [];
    const codec = pull(
      function* (r) {
        try {
          yield* r.until('\n');
        } finally {
          log.push('closed');
        }
      },
      { maxLength: 3 },
    );
    const decoder = codec.decoder();
    expect(thrown(() => push(decoder, 'abcd')).code).toBe('ERR_FRAME_LENGTH');
    expect(log).toEqual(['closed']);
  });

  it('should not wait for a finally block that asks for more', () => {
    const codec = pull(function* (r) {
      try {
        yield* r.skip(2);
      } finally {
        yield* r.skip(2);
      }
    });
    expect(thrown(() => decoded(codec, ['a'])).code).toBe('ERR_FRAME_TRUNCATED');
  });
});

describe('a generator of pull that fails', () => {
  it('should make what it throws the cause of the error', () => {
    const cause = new TypeError('no such kind');
    const codec = pull(function* (r) {
      if ((yield* r.uint8()) === 0) throw cause;
      return 'fine';
    });
    const messages: string[] = [];
    const decoder = codec.decoder();
    const error = thrown(() => push(decoder, Uint8Array.of(1, 0, 1), messages));
    expect(error.code).toBe('ERR_FRAME_DATA');
    expect(error.cause).toBe(cause);
    expect(error.message).toContain('no such kind');
    expect(messages).toEqual(['fine']);
  });

  it('should have its own ProtocolError passed on, and anything else wrapped', () => {
    const throwing = (value: unknown) =>
      pull(function* (): PullGenerator<never> {
        throw value;
      });
    const own = new ProtocolError('ERR_FRAME_DATA', 'mine', { operation: 'receive' });
    expect(thrown(() => decoded(throwing(own), ['a']))).toBe(own);
    expect(thrown(() => decoded(throwing('text'), ['a'])).cause).toBe('text');
    expect(thrown(() => decoded(throwing(undefined), ['a'])).code).toBe('ERR_FRAME_DATA');
  });

  it('should be stopped when it ends twice in a row without having taken a byte', () => {
    const codec = pull(function* (r) {
      return toText(yield* r.peek(1));
    });
    const messages: string[] = [];
    const error = thrown(() => push(codec.decoder(), 'a', messages));
    expect(error.code).toBe('ERR_FRAME_DATA');
    expect(error.message).toContain('ended twice in a row without taking a byte');
    expect(messages).toEqual(['a']);
  });

  it('should be allowed to end without a byte every other time', () => {
    let turn = 0;
    const codec = pull(function* (r) {
      if (turn++ % 2 === 0) return 'nothing';
      return yield* r.text(1);
    });
    expect(decoded(codec, ['ab'])).toEqual(['nothing', 'a', 'nothing', 'b']);
  });

  it('should be stopped when it asks for ever without taking a byte', () => {
    const codec = pull(function* (r) {
      for (;;) yield* r.peek(1);
    });
    const error = thrown(() => decoded(codec, ['a']));
    expect(error.code).toBe('ERR_FRAME_DATA');
    expect(error.message).toContain('requests in a row without taking a byte');
  });

  it('should be told when it yields something else than a request', () => {
    const log: string[] = [];
    const codec = pull(function* () {
      try {
        yield 4 as never;
      } finally {
        log.push('closed');
      }
    });
    const error = thrown(() => decoded(codec, ['a']));
    expect(error.code).toBe('ERR_FRAME_DATA');
    expect(error.message).toContain('no request');
    expect(log).toEqual(['closed']);
  });

  it('should be a generator at all', () => {
    const codec = pull((() => 5) as never);
    expect(thrown(() => decoded(codec, ['a'])).code).toBe('ERR_FRAME_DATA');
  });
});
