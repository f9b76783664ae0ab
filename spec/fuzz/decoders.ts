import { ProtocolError } from '../../lib/base/errors.ts';
import { type BytesLike, hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { between } from '../../lib/codec/between.ts';
import type { Codec, Decoder } from '../../lib/codec/codec.ts';
import { delimiter } from '../../lib/codec/delimiter.ts';
import { fixed } from '../../lib/codec/fixed.ts';
import { json } from '../../lib/codec/json.ts';
import { type LengthFieldOptions, lengthField } from '../../lib/codec/length-field.ts';
import { lines } from '../../lib/codec/lines.ts';
import { pack } from '../../lib/codec/pack.ts';
import { type PullBuffer, pullBuffer } from '../../lib/codec/pull-buffer.ts';
import { pull } from '../../lib/codec/pull.ts';
import type { Random } from '../../lib/testing/random.ts';
import { HELLO_TARGET } from './hello-target.ts';
import { HTTP_TARGETS } from './http-targets.ts';
import { type FuzzTarget, target } from './target.ts';
import { WS_TARGETS } from './ws-targets.ts';

/** Longest message of the codecs here: short, so that limits are met often. */
const MAX = 40;

/** Every decoder that is fuzzed. A new codec adds a line here. */
export const TARGETS: readonly FuzzTarget[] = [
  target('pack', { codec: pack({ maxSize: MAX }), message: body, most: 4 + MAX }),
  target('pack flag 0x169', {
    codec: pack({ flag: 0x169, maxSize: MAX, tail: 'error' }),
    message: body,
    most: 4 + MAX,
  }),

  lengthTarget('4 bytes', {}),
  lengthTarget('1 byte', { width: 1 }),
  lengthTarget('3 bytes, little-endian', { width: 3, byteOrder: 'little', tail: 'drop' }),
  lengthTarget('8 bytes', { width: 8 }),
  lengthTarget('2 bytes with header', { width: 2, includesHeader: true, offset: 2, prefix: 'hp' }),
  lengthTarget('2 bytes, nothing stripped', { width: 2, offset: 1, strip: 0, adjustment: -1 }),
  lengthTarget('2 bytes, more stripped', { width: 2, strip: 5, adjustment: 2 }),
  lengthTarget('varint', { width: 'varint' }),
  lengthTarget('varint with header', { width: 'varint', includesHeader: true, offset: 1, strip: 1 }),

  markedTarget('delimiter LF', delimiter({ delimiter: '\n', maxLength: MAX }), ['\n']),
  markedTarget('delimiter aab', delimiter({ delimiter: 'aab', maxLength: MAX, tail: 'emit' }), [
    'aab',
    'aaab',
  ]),
  markedTarget('delimiter kept', delimiter({ delimiter: '$$', keep: true, maxLength: MAX, tail: 'drop' }), [
    '$$',
  ]),
  target('lines', {
    codec: lines({ maxLength: MAX }),
    message: line,
    most: MAX + 2,
    words: ['\n', '\r\n', '\r', 'é'],
  }),
  target('lines CRLF', {
    codec: lines({ maxLength: MAX, ending: '\r\n', tail: 'error' }),
    message: line,
    most: MAX + 2,
    words: ['\n', '\r\n', '\r'],
  }),
  markedTarget('between STX and ETX', between({ start: hex('02'), end: hex('03'), maxLength: MAX }), [
    hex('02'),
    hex('03'),
  ]),
  markedTarget(
    'between, skipping',
    between({ start: '<<a', end: 'b>>', outside: 'skip', tail: 'drop', maxLength: MAX }),
    ['<<a', '<<<a', 'b>>', 'bb>>'],
  ),
  target('fixed', { codec: fixed({ size: 7 }), message: (random) => random.bytes(7), most: 6 }),
  target('fixed, tail emitted', {
    codec: fixed({ size: 1, tail: 'emit' }),
    message: (random) => random.bytes(1),
    most: 0,
  }),
  jsonTarget('json lines', json({ maxLength: MAX, maxDepth: 3 })),
  jsonTarget('json values', json({ maxLength: MAX, maxDepth: 3, separator: 'none' })),
  jsonTarget('json values, tail dropped', json({ maxLength: MAX, separator: 'none', tail: 'drop' })),
  target('pull', { codec: records(), message: record, most: 8 * MAX, words: ['\r\n'] }),
  target('pullBuffer', { codec: fetching(), message: record, most: 256 + 2 }),

  HELLO_TARGET,
  ...HTTP_TARGETS,
  ...WS_TARGETS,
];

function body(random: Random): Uint8Array {
  return random.bytes(random.pick([1, 2, 3, 5, 8, MAX - 1, MAX, MAX + 1]));
}

function line(random: Random): string {
  const text = random.pick(['a', 'é', '☃', '\r', 'line ']).repeat(random.below(MAX + 2));
  return text.slice(0, random.between(MAX - 2, MAX));
}

function lengthTarget(name: string, options: LengthFieldOptions): FuzzTarget {
  const codec = lengthField({ ...options, maxLength: MAX });
  // The longest header, and what is stripped behind it.
  const most = MAX + (options.offset ?? 0) + 10 + (options.strip ?? 0);
  return target(`lengthField ${name}`, { codec, message: body, most });
}

function markedTarget(
  name: string,
  codec: Codec<Uint8Array, Uint8Array, BytesLike, BytesLike>,
  words: readonly BytesLike[],
): FuzzTarget {
  const message = (random: Random) =>
    random.below(2) === 0 ? body(random) : 'aabb$\r<>'.slice(random.below(8));
  return target(name, { codec, message, most: MAX + 8, words });
}

function jsonTarget(name: string, codec: Codec<Uint8Array, unknown>): FuzzTarget {
  const words = [
    '{',
    '}',
    '[',
    ']',
    '"',
    '\\',
    '\\u00e9',
    '\\ud83d',
    ',',
    ':',
    '1',
    '-',
    '.5',
    'e9',
    'true',
    ' ',
    '\n',
    'é',
    '{"__proto__":1}',
  ];
  return target(name, { codec, message: value, most: MAX + 2, words });
}

function value(random: Random, depth = 0): unknown {
  const kind = random.below(depth < 3 ? 8 : 5);
  if (kind < 5)
    return [null, true, random.below(1e6) / 8, 'aé"\\\u2028☃'.slice(random.below(6)), -random.below(99)][
      kind
    ];
  const items = Array.from({ length: random.below(4) }, () => value(random, depth + 1));
  return kind < 7 ? items : Object.fromEntries(items.map((item, index) => ['abc"'.slice(index), item]));
}

/** A record as {@link records} and {@link fetching} read it: a kind, a length and so many bytes, or a line. */
function record(random: Random): Uint8Array {
  const content = body(random);
  if (random.below(3) === 0)
    return Buffer.concat([utf8('L'), utf8('x'.repeat(random.below(MAX + 2))), utf8('\r\n')]);
  return Buffer.concat([Uint8Array.of(random.below(4), content.length), content]);
}

function records() {
  return pull(
    function* (r) {
      const kind = yield* r.uint8();
      if (kind === 0x4c) return { line: yield* r.until('\r\n') };
      if (kind > 0x80) throw new RangeError(`there is no kind ${kind}`);
      const length = yield* r.uint8();
      const ahead = kind === 1 && length > 0 ? yield* r.peek(length) : undefined;
      if (kind === 2) yield* r.skip(length);
      return kind === 2 ? undefined : { kind, ahead, content: yield* r.fetch(length) };
    },
    { maxLength: MAX },
  );
}

/** A handler of PULL, as a decoder: a kind, a length, and so many bytes. */
function fetching(): Codec<Uint8Array, unknown, Uint8Array, BytesLike> {
  const { decoder, encoder } = pullBuffer({ maxBuffered: 256 + 2 });
  return { decoder: () => new FetchingDecoder(decoder()), encoder };
}

class FetchingDecoder implements Decoder<Uint8Array, unknown> {
  private readonly source: Decoder<Uint8Array, PullBuffer>;

  constructor(source: Decoder<Uint8Array, PullBuffer>) {
    this.source = source;
  }

  get residue(): number {
    return this.source.residue;
  }

  push(chunk: Uint8Array, emit: (message: unknown) => void): void {
    this.source.push(chunk, (buffer) => {
      for (let message = take(buffer); message !== undefined; message = take(buffer)) emit(message);
    });
  }
}

function take(buffer: PullBuffer): Uint8Array | undefined {
  const { data: header } = buffer.peek(2);
  if (header === undefined) return undefined;
  const [kind = 0, length = 0] = header;
  if (kind > 0x80)
    throw new ProtocolError('ERR_FRAME_DATA', `there is no kind ${kind}`, { operation: 'receive' });
  return buffer.take(2 + length);
}
