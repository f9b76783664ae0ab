import { describe, expect, it } from '@jest/globals';
import type { HttpFields } from '../../lib/http/fields.ts';
import type { RequestHead } from '../../lib/http/head.ts';
import { HttpParser } from '../../lib/http/parser.ts';
import { Recorder, parse } from './recorder.ts';

/** The fields of each request, as the very objects that a parser hands out. */
function fieldsOf(...requests: string[]): HttpFields[] {
  const all: HttpFields[] = [];
  const recorder = new Recorder();
  recorder.head = ({ fields }) => {
    all.push(fields);
    return 'continue';
  };
  const parser = new HttpParser('request');
  for (const request of requests) parser.push(Buffer.from(request), recorder);
  return all;
}

const request = (target: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\n${['Host: a', ...fields].join('\r\n')}\r\n\r\n`;

describe('fields that are repeated', () => {
  it('should be the same object again', () => {
    const [one, two, three, four] = fieldsOf(
      request('/1', 'a: b'),
      request('/2', 'a: b') + request('/3', 'a: b'),
      request('/4', 'a: c'),
    );
    expect(two).toBe(one);
    expect(three).toBe(one);
    expect([...four!]).toEqual([
      ['Host', 'a'],
      ['a', 'c'],
    ]);
    expect([...one!]).toEqual([
      ['Host', 'a'],
      ['a', 'b'],
    ]);
  });

  it('should not be mistaken for others that begin or end like them', () => {
    const texts = [
      request('/1', 'a: b'),
      request('/2', 'a: b', 'c: d'),
      request('/3', 'a: b'),
      request('/4'),
      request('/5', 'a: B'),
      request('/6', 'a: bb'),
      request('/7', 'a: b'),
      request('/8', 'Content-Length: 3') + 'abc',
      request('/9', 'Content-Length: 3') + 'def',
    ];
    const apart = texts.flatMap((text) => parse([Buffer.from(text)], { kind: 'request' }).slice(0, -1));
    const together = parse([Buffer.from(texts.join(''))], { kind: 'request' }).slice(0, -1);
    expect(together).toEqual(apart);
  });

  it('should be judged by each message for itself', () => {
    const reasons = ['GET http://a/ HTTP/1.1', 'GET / HTTP/1.1', 'GET http://b/ HTTP/1.1'].map(
      (line) => `${line}\r\nHost: a\r\n\r\n`,
    );
    expect(parse([Buffer.from(reasons.join(''))], { kind: 'request' }).at(-1)).toEqual([
      'error',
      'host-mismatch',
    ]);
    const old = 'GET / HTTP/1.0\r\nHost: a\r\n\r\n';
    const heads = parse([Buffer.from(request('/') + old)], { kind: 'request' }).filter(
      ([what]) => what === 'head',
    );
    expect(heads.map(([, head]) => (head as RequestHead).keepAlive)).toEqual([true, false]);
  });

  it('should be found again after others, however many', () => {
    const others = Array.from({ length: 100 }, (_, index) => request('/', `a: ${index}`));
    const same = Array.from({ length: 70 }, () => request('/', 'a: b'));
    const all = fieldsOf(...others, ...same);
    expect(all[30]!.get('a')).toBe('30');
    expect(all.at(-1)).toBe(all.at(-2));
    expect(all.at(-1)!.get('a')).toBe('b');
  });

  it('should not be kept if they are long', () => {
    const long = request('/', `a: ${'b'.repeat(3000)}`);
    const [one, two] = fieldsOf(long, long);
    expect(two).not.toBe(one);
    expect([...two!]).toEqual([...one!]);
  });
});
