import { describe, expect, it } from '@jest/globals';
import { OptionError } from '../../lib/base/errors.ts';
import type { HttpLimits } from '../../lib/http/limits.ts';
import { HttpParser } from '../../lib/http/parser.ts';
import { Recorder, byteByByte, parse, parseAnyhow, reasonOf } from './recorder.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

function outcome(text: string, limits: HttpLimits = {}, kind: 'request' | 'response' = 'request') {
  const happenings = parseAnyhow(latin1(text), { kind, options: { limits } });
  return reasonOf(happenings) ?? happenings.at(-2)?.[0];
}

const line = (length: number) => `GET /${'a'.repeat(length - 14)} HTTP/1.1\r\n`;
const HOST = 'Host: a\r\n';
const fields = (count: number) => 'a: b\r\n'.repeat(count);
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

describe('limits of a parser', () => {
  it('should let a request line be as long as its limit, and no longer', () => {
    expect(outcome(`${line(8192)}${HOST}\r\n`)).toBe('messageComplete');
    expect(outcome(`${line(8193)}${HOST}\r\n`)).toBe('request-line-length');
    expect(outcome(`${line(64)}${HOST}\r\n`, { maxStartLine: 64 })).toBe('messageComplete');
    for (let over = 65; over < 80; over++)
      expect(outcome(`${line(over)}${HOST}\r\n`, { maxStartLine: 64 })).toBe('request-line-length');
  });

  it('should let a status line be as long as its limit, and no longer', () => {
    const status = (length: number) => `HTTP/1.1 204 ${'a'.repeat(length - 13)}\r\n\r\n`;
    expect(outcome(status(64), { maxStartLine: 64 }, 'response')).toBe('messageComplete');
    expect(outcome(status(65), { maxStartLine: 64 }, 'response')).toBe('status-line-length');
  });

  it('should let a head be as long as its limit, and no longer', () => {
    const head = (length: number) => {
      const begin = `GET / HTTP/1.1\r\n${HOST}a:`;
      return `${begin}${'b'.repeat(length - begin.length - 4)}\r\n\r\n`;
    };
    expect(outcome(head(16384))).toBe('messageComplete');
    expect(outcome(head(16385))).toBe('head-length');
    for (let over = 101; over < 110; over++)
      expect(outcome(head(over), { maxHead: 100 })).toBe('head-length');
    expect(outcome(head(100) + head(100), { maxHead: 100 })).toBe('messageComplete');
    // A fault within the limit comes first, one behind it does not.
    expect(outcome(`${head(90).slice(0, -4)}\0${'b'.repeat(20)}`, { maxHead: 100 })).toBe('field-value');
    expect(outcome(`${head(105).slice(0, -4)}\0`, { maxHead: 100 })).toBe('head-length');
  });

  it('should count the head of a repeated field block, too', () => {
    const head = (target: string) => `GET /${target} HTTP/1.1\r\n${HOST}a: ${'b'.repeat(50)}\r\n\r\n`;
    const [short, long] = [head(''), head('a'.repeat(20))];
    expect(outcome(short + short + long, { maxHead: 100 })).toBe('head-length');
  });

  it('should let there be as many fields as their limit, and no more', () => {
    expect(outcome(`${line(20)}${HOST}${fields(99)}\r\n`)).toBe('messageComplete');
    expect(outcome(`${line(20)}${HOST}${fields(100)}\r\n`)).toBe('field-count');
    expect(outcome(`${CHUNKED}0\r\n${fields(100)}\r\n`)).toBe('messageComplete');
    expect(outcome(`${CHUNKED}0\r\n${fields(101)}\r\n`)).toBe('field-count');
  });

  it('should let trailers be as long as their limit, and no longer', () => {
    const trailers = (length: number) => `0\r\na:${'b'.repeat(length - 6)}\r\n\r\n`;
    expect(outcome(CHUNKED + trailers(8192))).toBe('messageComplete');
    expect(outcome(CHUNKED + trailers(8193))).toBe('trailer-length');
    expect(outcome(CHUNKED + trailers(20), { maxTrailers: 20 })).toBe('messageComplete');
    expect(outcome(CHUNKED + trailers(21), { maxTrailers: 20 })).toBe('trailer-length');
    expect(outcome(`${CHUNKED}0\r\n\r\n`, { maxTrailers: 2 })).toBe('messageComplete');
  });

  it('should count the extensions of all chunks of a message together', () => {
    const chunk = (length: number, size = 1) =>
      `${size};${'a'.repeat(length - 1)}\r\n${size === 0 ? '\r\n' : 'x\r\n'}`;
    const limits = { maxChunkExtensions: 20 };
    expect(outcome(CHUNKED + chunk(10) + chunk(10, 0), limits)).toBe('messageComplete');
    expect(outcome(CHUNKED + chunk(10) + chunk(11, 0), limits)).toBe('chunk-extension-length');
    expect(outcome((CHUNKED + chunk(20, 0)).repeat(2), limits)).toBe('messageComplete');
    expect(outcome(`${CHUNKED}0;a\r\n\r\n`, { maxChunkExtensions: 0 })).toBe('chunk-extension-length');
    expect(outcome(CHUNKED + chunk(16384, 0))).toBe('messageComplete');
    expect(outcome(CHUNKED + chunk(16385, 0))).toBe('chunk-extension-length');
  });

  it('should let a body be as long as its limit, and no longer', () => {
    const body = (length: number) =>
      `POST / HTTP/1.1\r\n${HOST}Content-Length: ${length}\r\n\r\n${'b'.repeat(length)}`;
    const chunks = (...lengths: number[]) =>
      `${CHUNKED}${lengths.map((length) => `${length}\r\n${'b'.repeat(length)}\r\n`).join('')}0\r\n\r\n`;
    const limits = { maxBody: 5 };
    expect(outcome(body(5) + body(5) + chunks(2, 3) + chunks(5), limits)).toBe('messageComplete');
    expect(outcome(body(6), limits)).toBe('body-length');
    expect(outcome(chunks(2, 4), limits)).toBe('body-length');
    expect(outcome(body(0) + chunks(), { maxBody: 0 })).toBe('messageComplete');
    expect(outcome(body(1), { maxBody: 0 })).toBe('body-length');
  });

  it('should let there be as many empty lines as their limit, and no more', () => {
    const get = `GET / HTTP/1.1\r\n${HOST}\r\n`;
    expect(outcome(`\r\n\r\n\r\n${get}\r\n\r\n\r\n${get}`, { maxBlankLines: 3 })).toBe('messageComplete');
    expect(outcome(`\r\n\r\n\r\n\r\n${get}`, { maxBlankLines: 3 })).toBe('blank-lines');
    expect(outcome(`\r\n${get}`, { maxBlankLines: 0 })).toBe('blank-lines');
  });

  it('should be checked when they are set', () => {
    expect(() => new HttpParser('request', { limits: { maxHead: 1 } })).toThrow(OptionError);
    expect(() => new HttpParser('request', { lenient: { everything: true } as object })).toThrow(
      /lenient\.everything/,
    );
    expect(() => new HttpParser('request', { methods: ['NO GOOD'] })).toThrow(/methods must be/);
    expect(() => new HttpParser('request', { methods: ['PRI'] })).toThrow(OptionError);
  });
});

describe('methods', () => {
  it('should be those that are known, or any', () => {
    const text = latin1(`FETCH / HTTP/1.1\r\n${HOST}\r\n`);
    const get = latin1(`GET / HTTP/1.1\r\n${HOST}\r\n`);
    expect(reasonOf(parse([text], { kind: 'request' }))).toBe('method-unknown');
    expect(reasonOf(parse([text], { kind: 'request', options: { methods: 'any' } }))).toBeUndefined();
    expect(reasonOf(parse([text], { kind: 'request', options: { methods: ['FETCH'] } }))).toBeUndefined();
    expect(reasonOf(parse([get], { kind: 'request', options: { methods: ['FETCH'] } }))).toBe(
      'method-unknown',
    );
    expect(reasonOf(parse([latin1('PRI ')], { kind: 'request', options: { methods: 'any' } }))).toBe(
      'http2-preface',
    );
  });
});

describe('what a parser keeps', () => {
  it.each([
    ['a request line', line(8192), 8192 + 2],
    ['a head', `GET / HTTP/1.1\r\n${HOST}a:${'b'.repeat(16384)}`, 16384],
    ['trailers', `${CHUNKED}0\r\na:${'b'.repeat(8192)}`, 8192],
    ['extensions of a chunk', `${CHUNKED}0;${'b'.repeat(16384)}`, 16384],
  ])('should not be more than its limit: %s', (_what, text, most) => {
    const parser = new HttpParser('request');
    const recorder = new Recorder();
    let largest = 0;
    for (const byte of byteByByte(latin1(text))) {
      try {
        parser.push(byte, recorder);
      } catch {
        break;
      }
      largest = Math.max(largest, parser.residue);
    }
    expect(largest).toBeGreaterThan(most - 3);
    expect(largest).toBeLessThanOrEqual(most);
  });

  it('should be nothing once a message is complete', () => {
    const parser = new HttpParser('request');
    for (const byte of byteByByte(latin1(`${CHUNKED}1;a=b\r\nx\r\n0\r\na: b\r\n\r\n`)))
      parser.push(byte, new Recorder());
    expect(parser.residue).toBe(0);
    expect(parser.isIdle).toBe(true);
  });

  it('should not be the chunks that heads came in', () => {
    const memory = new ArrayBuffer(2 ** 20);
    const chunk = Buffer.from(memory);
    const text = `GET /path HTTP/1.1\r\n${HOST}\r\n`;
    chunk.write(text, 'latin1');
    const recorder = new Recorder();
    const parser = new HttpParser('request');
    parser.push(chunk.subarray(0, text.length), recorder);
    chunk.fill(0);
    parser.push(latin1(text), recorder);
    expect(recorder.happenings[1]).toMatchObject(['head', { target: '/path', fields: [['Host', 'a']] }]);
    expect(recorder.happenings[4]).toEqual(recorder.happenings[1]);
  });
});

describe('a parser that is fed byte by byte', () => {
  it('should look at each byte as often, however long the line is', () => {
    // With another look at all that came before, for each byte, this would take minutes.
    const parser = new HttpParser('request', { limits: { maxHead: 2 ** 20 } });
    const recorder = new Recorder();
    for (const byte of byteByByte(latin1(`GET / HTTP/1.1\r\n${HOST}a:${'b'.repeat(500_000)}\r\n\r\n`)))
      parser.push(byte, recorder);
    expect(recorder.happenings.length).toBe(3);
  });
});
