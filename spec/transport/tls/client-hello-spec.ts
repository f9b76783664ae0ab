import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hex, utf8 } from '../../../lib/bytes/bytes-like.ts';
import {
  type ClientHello,
  HelloReader,
  looksLikeTls,
  MAX_HELLO,
} from '../../../lib/transport/tls/client-hello.ts';
import { TlsError } from '../../../lib/transport/tls/tls-error.ts';
import {
  block,
  extension,
  handshake,
  type HelloParts,
  helloMessage,
  hostName,
  inRecords,
  outOfRecords,
} from '../../support/hellos.ts';

/** What `openssl s_client` of version 3.0 sends. */
const OPENSSL: Record<string, [sent: string, hello: ClientHello]> = {
  '-servername Example.ORG -alpn h2,http/1.1': [
    `160301014a010001460303043a427146bb9e8189656508db4287b72837d23e8a615702ec5d7f6243713ed02027ee64d29e7272c6551
     79d75489db16ac8f6f8cd646029592aa8e954aab41338003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006b
     c023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000bf00000010000e00000b4578616d706c652e4f5
     247000b000403000102000a00160014001d0017001e0019001801000101010201030104002300000010000e000c02683208687474702f
     312e310016000000170000000d002a0028040305030603080708080809080a080b0804080508060401050106010303030103020402050
     20602002b0009080304030303020301002d00020101003300260024001d0020f70c3513b2118fc36bd146e2743f55f9431f961737e2c8
     3eb64f7bc298c4b70f`,
    { serverName: 'example.org', alpn: ['h2', 'http/1.1'] },
  ],
  '-noservername': [
    `160301012401000120030356b281b8e59b129c87fdee0d1c0f0dd9911c6689984579c045712c0285052e36205655e1b4481a1341f6ba
     1a5af9b6fb11c1ff8e5d3ea425d99ec700ab0758b0a4003e130213031301c02cc030009fcca9cca8ccaac02bc02f009ec024c028006bc
     023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff01000099000b000403000102000a00160014001d001700
     1e0019001801000101010201030104002300000016000000170000000d002a0028040305030603080708080809080a080b08040805080
     6040105010601030303010302040205020602002b0009080304030303020301002d00020101003300260024001d0020b1e3a6935ef910
     d321416f99196f433bc6527bb2cc7dcd6a994b807cd2723175`,
    { serverName: undefined, alpn: [] },
  ],
  '-tls1 -servername example.org': [
    `16030100510100004d0301ff4715cfe4028bedaa3a459b796111890626279f3ff1c0e5c59620d61679a8a8000004002f00ff01000020
     00000010000e00000b6578616d706c652e6f7267002300000016000000170000`,
    { serverName: 'example.org', alpn: [] },
  ],
};

const REAL = Object.entries(OPENSSL).map(([name, [sent, hello]]) => ({ name, sent: hex(sent), hello }));
const NAMED = { serverName: 'example.org', alpn: ['h2'] };
const MESSAGE = helloMessage({ names: ['example.org'], alpn: ['h2'] });

describe('HelloReader', () => {
  it.each(REAL)('should read what openssl s_client $name sends', ({ sent, hello }) => {
    const reader = new HelloReader();
    expect(reader.push(sent)).toEqual(hello);
    expect(reader.take()).toEqual(Buffer.from(sent));
  });

  it.each<[string, ConnectionOptions, ClientHello]>([
    ['nothing', {}, { serverName: undefined, alpn: [] }],
    ['a name', { servername: 'WWW.example.org' }, { serverName: 'www.example.org', alpn: [] }],
    ['a name with a dot behind', { servername: 'example.org.' }, { serverName: 'example.org', alpn: [] }],
    ['protocols', { ALPNProtocols: ['h2', 'é'] }, { serverName: undefined, alpn: ['h2', 'Ã©'] }],
    ['TLS 1.2', { servername: 'a.b', maxVersion: 'TLSv1.2' }, { serverName: 'a.b', alpn: [] }],
    ['TLS 1.3', { servername: 'a.b', minVersion: 'TLSv1.3' }, { serverName: 'a.b', alpn: [] }],
  ])('should read what Node sends with %s', async (_, options, hello) => {
    expect(read(await helloOfNode(options))).toEqual(hello);
  });

  it('should read a hello that is cut anywhere', () => {
    for (const { sent, hello } of REAL) {
      for (let cut = 0; cut <= sent.length; cut++) {
        const reader = new HelloReader();
        expect(reader.push(sent.subarray(0, cut))).toEqual(cut < sent.length ? undefined : hello);
        expect(reader.push(sent.subarray(cut))).toEqual(hello);
        expect(reader.take().equals(sent)).toBe(true);
      }
    }
  });

  it('should read a hello that comes byte by byte, in records of any size', () => {
    for (const sizes of [[1], [2], [3], [5], [1, 2, 3, 100], [4, 1], [MESSAGE.length - 1]]) {
      const sent = inRecords(MESSAGE, sizes);
      const reader = new HelloReader();
      const answers = Array.from(sent, (byte) => reader.push(Uint8Array.of(byte)));
      expect(answers.pop()).toEqual(NAMED);
      expect(answers.every((answer) => answer === undefined)).toBe(true);
      expect(reader.take()).toEqual(sent);
    }
  });

  it('should read a real hello that somebody put into other records', () => {
    for (const { sent, hello } of REAL) {
      const message = outOfRecords(Buffer.from(sent));
      for (const size of [1, 7, 64]) expect(read(inRecords(message, [size]))).toEqual(hello);
    }
  });

  it('should read a hello however its records and chunks are cut', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
    const run = (recordSizes: number[], chunkSizes: number[], behind: Uint8Array) => {
      const sent = Buffer.concat([inRecords(MESSAGE, recordSizes), behind]);
      const reader = new HelloReader();
      let hello: ClientHello | undefined;
      for (let at = 0, index = 0; at < sent.length; index++) {
        const size = chunkSizes[index % chunkSizes.length]!;
        hello = reader.push(sent.subarray(at, (at += size)));
      }
      expect(hello).toEqual(NAMED);
      expect(reader.length).toBe(sent.length);
      expect(reader.take()).toEqual(sent);
      expect(reader.length).toBe(0);
    };
    fc.assert(fc.property(sizes, cuts, fc.uint8Array(), run), { numRuns: 300 });
  });

  it('should hand on what comes behind the hello, whatever it is', () => {
    const garbage = hex('ff 00 47 45 54');
    const hello = inRecords(MESSAGE);
    const cases = [
      Buffer.concat([hello, garbage]),
      Buffer.concat(Array.from({ length: 200 }, () => hello)),
      inRecords(Buffer.concat([MESSAGE, garbage])), // in the same record
    ];
    for (const sent of cases) {
      const reader = new HelloReader();
      expect(reader.push(sent)).toEqual(NAMED);
      expect(reader.push(garbage)).toEqual(NAMED);
      expect(reader.take()).toEqual(Buffer.concat([sent, garbage]));
    }
  });

  it('should not copy what came in one chunk', () => {
    const sent = inRecords(MESSAGE);
    const reader = new HelloReader();
    reader.push(sent);
    expect(reader.take().buffer).toBe(sent.buffer);
  });

  it('should wait while nothing comes', () => {
    const reader = new HelloReader();
    expect(reader.push(new Uint8Array(0))).toBeUndefined();
    expect(reader.take()).toEqual(Buffer.alloc(0));
  });

  it('should take linear time byte by byte', () => {
    const sent = inRecords(helloMessage({ extensions: [extension(21, Buffer.alloc(50_000))] }));
    const reader = new HelloReader();
    const begin = performance.now();
    for (let at = 0; at < sent.length - 1; at++) reader.push(sent.subarray(at, at + 1));
    expect(reader.push(sent.subarray(-1))).toEqual({ serverName: undefined, alpn: [] });
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

describe('legal hellos', () => {
  it.each<[string, HelloParts, ClientHello]>([
    ['no extensions block', { hasExtensions: false }, { serverName: undefined, alpn: [] }],
    ['an empty extensions block', {}, { serverName: undefined, alpn: [] }],
    ['a session id of 32 bytes', { sessionId: new Uint8Array(32) }, { serverName: undefined, alpn: [] }],
    ['a name of 255 characters', { names: ['a'.repeat(255)] }, { serverName: 'a'.repeat(255), alpn: [] }],
    ['an IP address for a name', { names: ['127.0.0.1'] }, { serverName: '127.0.0.1', alpn: [] }],
    ['a name that objects have', { names: ['__proto__'] }, { serverName: '__proto__', alpn: [] }],
    [
      'a name of a kind to come',
      { extensions: [extension(0, block(2, hex('07 0002 ffff'), hostName('b.c')))] },
      { serverName: 'b.c', alpn: [] },
    ],
    [
      'bytes for protocols',
      { alpn: [hex('8a8a'), 'h2', 'x'.repeat(255)] },
      { serverName: undefined, alpn: ['\x8a\x8a', 'h2', 'x'.repeat(255)] },
    ],
    [
      'unknown extensions',
      { extensions: [extension(0x8a8a), extension(0xff01, '\0'), extension(21, '\0\0\0')], names: ['a.b'] },
      { serverName: 'a.b', alpn: [] },
    ],
  ])('should be read: %s', (_, parts, hello) => {
    expect(read(inRecords(helloMessage(parts)))).toEqual(hello);
  });
});

describe('malformed hellos', () => {
  const hello = (parts: HelloParts) => inRecords(helloMessage(parts));
  const withExtension = (type: number, ...content: Uint8Array[]) =>
    hello({ extensions: [extension(type, ...content)] });
  const name = (text: string) => hello({ names: [text] });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing in it', inRecords(handshake(1)), /its hello should go on for 34 bytes, but 0 are left/],
    ['only a version', inRecords(handshake(1, hex('0303'))), /34 bytes, but 2 are left/],
    ['a long session id', hello({ sessionId: new Uint8Array(33) }), /session id has 33 .* at most 32/],
    ['no cipher suites', hello({ ciphers: hex('') }), /cipher suites has 0 bytes, at least 2/],
    ['half a cipher suite', hello({ ciphers: hex('130113') }), /cipher suites has 3 bytes, not two for each/],
    ['no compression', hello({ compression: hex('') }), /compression methods has 0 bytes, at least 1/],
    ['one byte behind', hello({ behind: hex('00') }), /1 bytes are left behind the end of its hello/],
    [
      'half a length',
      hello({ hasExtensions: false, behind: hex('00') }),
      /go on for 2 bytes, but 1 are left/,
    ],
    [
      'short extensions',
      hello({ extensions: [hex('0000 0005 00')] }),
      /extension of type 0 should|for 5 bytes, but 1/,
    ],
    ['a cut extension', hello({ extensions: [hex('00')] }), /go on for 2 bytes, but 1 are left/],
    ['two host names', hello({ names: ['a.b', 'c.d'] }), /several host names/],
    [
      'two lists of names',
      hello({ extensions: [extension(0, block(2, hostName('a')))], names: ['b'] }),
      /several lists of server names/,
    ],
    [
      'two lists of protocols',
      hello({ extensions: [extension(16, block(2, '\x01a'))], alpn: ['b'] }),
      /several lists of protocols/,
    ],
    ['an empty extension for names', withExtension(0), /go on for 2 bytes, but 0/],
    ['no names', hello({ names: [] }), /server names has 0 bytes, at least 1/],
    ['only a name of another kind', withExtension(0, block(2, hex('07 0001 41'))), /has no host name/],
    [
      'bytes behind the names',
      withExtension(0, block(2, hostName('a')), hex('00')),
      /1 bytes are left behind/,
    ],
    ['a name that is cut', withExtension(0, block(2, hex('00 0005 61'))), /go on for 5 bytes, but 1/],
    ['an empty name', name(''), /server name has 0 bytes, at least 1/],
    ['a name of 256 characters', name('a'.repeat(256)), /server name has 256 bytes, at most 255/],
    ['a name with NUL', name('good.org\0.bad.org'), /17 bytes is no host name/],
    ['a name that is not ASCII', name('bücher.example'), /15 bytes is no host name/],
    ['a name with a line break', name('a\r\nb'), /4 bytes is no host name/],
    ['a name with a space', name('a b'), /3 bytes is no host name/],
    ['a name that is a dot', name('.'), /1 bytes is no host name/],
    ['no protocols', hello({ alpn: [] }), /list of protocols has 0 bytes, at least 2/],
    ['an empty protocol', hello({ alpn: ['h2', ''] }), /name of a protocol has 0 bytes, at least 1/],
    [
      'bytes behind the protocols',
      withExtension(16, block(2, '\x01a'), hex('00')),
      /1 bytes are left behind/,
    ],
    [
      'an alert in between',
      Buffer.concat([inRecords(MESSAGE.subarray(0, 9)), hex('15 0303 0002 0100')]),
      /interrupted by a record of type 21$/,
    ],
    [
      'another version in between',
      Buffer.concat([inRecords(MESSAGE.subarray(0, 9)), hex('16 04')]),
      /interrupted by a record of version 4$/,
    ],
    [
      'an empty record in between',
      Buffer.concat([inRecords(MESSAGE.subarray(0, 9)), hex('16 0301 0000')]),
      /interrupted by a record of 0 bytes/,
    ],
  ])('should be refused: %s', (_, sent, message) => {
    for (const refused of [refusal([sent]), refusal(Array.from(sent, (byte) => Uint8Array.of(byte)))]) {
      expect(refused.code).toBe('ERR_TLS_HANDSHAKE');
      expect(refused.operation).toBe('receive');
      expect(refused.message).toMatch(message);
    }
  });
});

describe('the limit of a hello', () => {
  const overhead = helloMessage({ extensions: [extension(21)] }).length;
  const ofMessage = (length: number) =>
    helloMessage({ extensions: [extension(21, Buffer.alloc(length - overhead))] });
  const headers = 5 * 4; // of four records for 64 KiB

  it('should count everything up to the end of the hello', () => {
    const longest = inRecords(ofMessage(MAX_HELLO - headers), [16_640]);
    expect(longest.length).toBe(MAX_HELLO);
    expect(read(Buffer.concat([longest, Buffer.alloc(100)]))).toBeDefined();
    const longer = inRecords(ofMessage(MAX_HELLO - headers + 1), [16_640]);
    expect(refusal([longer]).message).toMatch(/takes at least 65537 bytes, of which 65536 are allowed/);
  });

  it('should be checked when the length is known', () => {
    expect(read(hex('16 0301 4000 01 00fff7'))).toBeUndefined(); // 9 + 65527
    const { code, message } = refusal([hex('16 0301 4000 01 00fff8')]);
    expect(code).toBe('ERR_TLS_HANDSHAKE');
    expect(message).toMatch(/takes at least 65537 bytes/);
    expect(refusal([hex('16 0301 4000 01 ffffff')]).message).toMatch(/takes at least 16777224 bytes/);
  });

  it('should count the headers of tiny records', () => {
    const fits = Math.floor(MAX_HELLO / 6);
    expect(read(inRecords(ofMessage(fits), [1]))).toBeDefined();
    expect(refusal([inRecords(ofMessage(fits + 1), [1])]).code).toBe('ERR_TLS_HANDSHAKE');
  });
});

describe('what is no TLS', () => {
  it.each<[string, Uint8Array, string]>([
    [
      'HTTP',
      utf8('GET / HTTP/1.1\r\nHost: a\r\n'),
      '"GET / HTTP/1.1\\r\\n": that looks like HTTP without TLS',
    ],
    ['SSH', utf8('SSH-2.0-OpenSSH_9.2\r\n'), '"SSH-2.0-OpenSSH_": that looks like SSH'],
    [
      'the PROXY protocol',
      utf8('PROXY TCP4 1.2.3.4 '),
      '"PROXY TCP4 1.2.3": that looks like the PROXY protocol',
    ],
    ['SSLv2', hex('802e 01 0002 0015'), '"\\x80.\\x01\\x00\\x02\\x00\\x15": that looks like an SSLv2 hello'],
    [
      'SSLv2 that offers TLS',
      hex('804c 01 0301 0033'),
      '"\\x80L\\x01\\x03\\x01\\x003": that looks like an SSLv2 hello',
    ],
    [
      'an alert',
      hex('15 0301 0002 0246'),
      '"\\x15\\x03\\x01\\x00\\x02\\x02F": that looks like TLS, but not the beginning of it',
    ],
    ['garbage', hex('00 22 5c ff'), '"\\x00\\"\\\\\\xff": that is a record of type 0'],
    ['another version', hex('16 02 00'), '"\\x16\\x02\\x00": that is a record of version 2'],
    [
      'an empty record',
      hex('16 0301 0000'),
      '"\\x16\\x03\\x01\\x00\\x00": that is a record of 0 bytes, where 1 to 16640 are allowed',
    ],
    [
      'a long record',
      hex('16 0301 4101'),
      '"\\x16\\x03\\x01A\\x01": that is a record of 16641 bytes, where 1 to 16640 are allowed',
    ],
    [
      'a server hello',
      hex('16 0303 0031 02'),
      '"\\x16\\x03\\x03\\x001\\x02": that is a message of type 2 where a hello has 1',
    ],
  ])('should be refused and can be taken: %s', (_, sent, message) => {
    const reader = new HelloReader();
    const refused = refusal([sent], reader);
    expect(refused.message).toBe(`ERR_TLS_PLAIN: the peer does not speak TLS, it began with ${message}`);
    expect(refused.code).toBe('ERR_TLS_PLAIN');
    expect(refused.operation).toBe('receive');
    expect(reader.take()).toEqual(Buffer.from(sent));
  });

  it('should be refused with its first byte', () => {
    for (let byte = 0; byte < 256; byte++) {
      const reader = new HelloReader();
      const sent = Uint8Array.of(byte);
      expect(looksLikeTls(byte)).toBe(byte === 22);
      if (looksLikeTls(byte)) expect(reader.push(sent)).toBeUndefined();
      else expect(refusal([sent], reader).code).toBe('ERR_TLS_PLAIN');
    }
  });

  it('should be refused with the first byte that shows it', () => {
    for (const sent of ['16 04', '16 0301 0000', '16 0301 ffff', '16 0301 0001 02']) {
      const bytes = hex(sent);
      expect(read(bytes.subarray(0, -1))).toBeUndefined();
      expect(refusal([bytes]).code).toBe('ERR_TLS_PLAIN');
    }
  });

  it('should be refused however it is cut', () => {
    const sent = hex('16 0303 0031 02');
    expect(refusal(Array.from(sent, (byte) => Uint8Array.of(byte))).message).toBe(refusal([sent]).message);
  });
});

describe('a damaged hello', () => {
  it('should be read, awaited or refused, in the same way however it is cut', () => {
    const sources = [...REAL.map(({ sent }) => sent), inRecords(MESSAGE, [3, 50]), inRecords(helloMessage())];
    const damage = fc.tuple(fc.nat(400), fc.constantFrom('set', 'insert', 'remove', 'cut'), fc.nat(255));
    const run = (source: Uint8Array, damages: [number, string, number][], size: number) => {
      let bytes = [...source];
      for (const [at, kind, value] of damages) {
        const place = at % (bytes.length + 1);
        if (kind === 'set') bytes[place] = value;
        else if (kind === 'insert') bytes.splice(place, 0, value);
        else if (kind === 'remove') bytes.splice(place, value & 15);
        else bytes = bytes.slice(0, place);
      }
      const sent = Uint8Array.from(bytes);
      expect(outcome(sent, size)).toEqual(outcome(sent, sent.length + 1));
    };
    const damages = fc.array(damage, { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(fc.constantFrom(...sources), damages, fc.integer({ min: 1, max: 99 }), run), {
      numRuns: 1500,
    });
  });
});

/** What comes of some bytes, in chunks of a size: a hello, nothing yet, or the code of an error that may be. */
function outcome(sent: Uint8Array, size: number): unknown {
  const reader = new HelloReader();
  let hello: ClientHello | undefined;
  try {
    for (let at = 0; at < sent.length; at += size) hello = reader.push(sent.subarray(at, at + size));
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    expect(['ERR_TLS_PLAIN', 'ERR_TLS_HANDSHAKE']).toContain(error.code);
    return error.code;
  }
  expect(reader.take()).toEqual(Buffer.from(sent));
  return hello ?? 'more';
}

function read(sent: Uint8Array): ClientHello | undefined {
  return new HelloReader().push(sent);
}

function refusal(chunks: readonly Uint8Array[], reader = new HelloReader()): TlsError {
  try {
    for (const chunk of chunks) reader.push(chunk);
  } catch (error) {
    if (error instanceof TlsError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The first bytes that a client of Node sends. */
async function helloOfNode(options: ConnectionOptions): Promise<Uint8Array> {
  const sent: Uint8Array[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Uint8Array, _, done) {
      sent.push(chunk);
      done();
    },
  });
  const client = connect({ ...options, socket });
  for (let turn = 0; sent.length === 0 && turn < 100; turn++) await setImmediate();
  client.destroy();
  return Buffer.concat(sent);
}
