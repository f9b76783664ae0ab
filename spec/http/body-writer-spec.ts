import { describe, expect, it } from '@jest/globals';
import { BodyWriter } from '../../lib/http/encode/body-writer.ts';
import type { Framing } from '../../lib/http/encode/framing.ts';
import { isForbiddenTrailer } from '../../lib/http/encode/trailers.ts';
import type { FieldsInit } from '../../lib/http/encode/write-fields.ts';

/** A writer that collects what it writes. */
class Written {
  readonly pieces: Uint8Array[] = [];
  readonly writer: BodyWriter;

  constructor(framing: Framing, length = 0) {
    this.writer = new BodyWriter(framing, length);
  }

  write(data: string | Uint8Array, extensions?: string): this {
    this.writer.write(data, (piece) => this.pieces.push(piece), extensions);
    return this;
  }

  end(trailers?: FieldsInit): this {
    this.writer.end((piece) => this.pieces.push(piece), trailers);
    return this;
  }

  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }
}

describe('BodyWriter', () => {
  describe('with a length', () => {
    it('should pass on bytes as they are, without a copy', () => {
      const bytes = Uint8Array.of(1, 2, 3);
      const body = new Written('length', 3).write(bytes).end();
      expect(body.pieces[0]).toBe(bytes);
      expect(body.pieces).toHaveLength(1);
    });

    it('should refuse what is too much, and write nothing of it', () => {
      const body = new Written('length', 5).write('hel');
      expect(() => body.write('lo!')).toThrow(
        'ERR_HTTP_BODY_LENGTH: a body of at least 6 bytes was given, Content-Length is 5',
      );
      expect(body.text).toBe('hel');
      expect(body.write('lo').end().text).toBe('hello');
      expect(() => new Written('length', 0).write('a')).toThrow('ERR_HTTP_BODY_LENGTH');
    });

    it('should tell at the end if there was too little', () => {
      const body = new Written('length', 5).write('hell');
      expect(() => body.end()).toThrow(
        'ERR_HTTP_BODY_LENGTH: the body ends after 4 bytes, Content-Length is 5',
      );
      expect(body.write('o').end().text).toBe('hello');
    });

    it('should know when it is complete', () => {
      const body = new Written('length', 2);
      expect(body.writer.isComplete).toBe(false);
      expect(body.write('a').writer.isComplete).toBe(false);
      expect(body.write('b').writer.isComplete).toBe(true);
      expect(body.writer.written).toBe(2);
      expect(new Written('length', 0).writer.isComplete).toBe(true);
    });

    it('should drop trailers', () => {
      expect(new Written('length', 1).write('a').end({ A: 'b' }).text).toBe('a');
    });
  });

  describe('in chunks', () => {
    it('should write size, bytes and the last chunk', () => {
      const body = new Written('chunked').write('hello').write('0123456789abcdef').end();
      expect(body.text).toBe('5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n');
      expect(body.writer.written).toBe(21);
    });

    it('should write nothing for an empty part, which would end the body', () => {
      expect(new Written('chunked').write('').write(new Uint8Array(0), 'a').end().text).toBe('0\r\n\r\n');
    });

    it('should write a small chunk as one piece and not copy a large one', () => {
      expect(new Written('chunked').write('x'.repeat(1024)).pieces).toHaveLength(1);
      const large = new Uint8Array(1025);
      const body = new Written('chunked').write(large, 'a=b');
      expect(body.pieces[1]).toBe(large);
      expect(body.text).toBe(`401;a=b\r\n${'\0'.repeat(1025)}\r\n`);
    });

    it.each([
      ['k', ';k'],
      ['k=v', ';k=v'],
      [';k=v', ';k=v'],
      [' ;k=v', ' ;k=v'],
      ['k=v;k2="v 2;\\""; k3', ';k=v;k2="v 2;\\""; k3'],
      ['', ''],
    ])('should write the extensions %j', (given, written) => {
      expect(new Written('chunked').write('x', given).text).toBe(`1${written}\r\nx\r\n`);
    });

    it.each(['=v', 'k=', 'k v', ';;', 'k=v;', 'k="v', 'k=v w', 'k;\n'])(
      'should refuse the extensions %j',
      (given) => {
        const body = new Written('chunked');
        expect(() => body.write('x', given)).toThrow('ERR_HTTP_MESSAGE: chunk extensions must look like');
        expect(body.text).toBe('');
        expect(body.writer.written).toBe(0);
      },
    );

    it('should refuse malformed extensions, however long they are', () => {
      for (const text of [
        'a='.repeat(20_000),
        `${'a;'.repeat(20_000)} b c`,
        `a="${'\\'.repeat(40_001)}`,
        ' '.repeat(40_000),
      ]) {
        expect(() => new Written('chunked').write('x', text)).toThrow('ERR_HTTP_MESSAGE');
      }
    });

    it('should write trailers', () => {
      const text = '0\r\nX-Sum: 7\r\nETag: "a"\r\n\r\n';
      expect(new Written('chunked').end({ 'X-Sum': 7, ETag: '"a"' }).text).toBe(text);
      expect(
        new Written('chunked').end(
          new Map([
            ['X-Sum', 7],
            ['ETag', '"a"'],
          ] as [string, string | number][]),
        ).text,
      ).toBe(text);
      expect(new Written('chunked').end({}).text).toBe('0\r\n\r\n');
      const long = 'v'.repeat(5000);
      expect(new Written('chunked').end({ A: ['b', long] }).text).toBe(`0\r\nA: b\r\nA: ${long}\r\n\r\n`);
    });

    it.each([
      'Content-Length',
      'transfer-encoding',
      'HOST',
      'Trailer',
      'Content-Type',
      'Authorization',
      'Set-Cookie',
    ])('should refuse the trailer %s', (name) => {
      expect(isForbiddenTrailer(name)).toBe(true);
      const body = new Written('chunked');
      expect(() => body.end({ [name]: '1' })).toThrow(
        `ERR_HTTP_MESSAGE: the field "${name}" cannot be a trailer`,
      );
      expect(() =>
        body.end([
          ['A', 'b'],
          [name, '1'],
        ]),
      ).toThrow('cannot be a trailer');
      expect(body.end().text).toBe('0\r\n\r\n');
    });

    it('should read trailers only once', () => {
      let reads = 0;
      const fields = Object.defineProperty({}, 'A', {
        enumerable: true,
        get: () => (reads++ === 0 ? 'a' : 'b\r\n'),
      }) as Record<string, string>;
      expect(new Written('chunked').end(fields).text).toBe('0\r\nA: a\r\n\r\n');
    });
  });

  it('should pass on everything until the connection ends', () => {
    expect(new Written('close').write('a').write('b', 'k=v').end({ A: 'b' }).text).toBe('ab');
  });

  it('should drop a body that is not to be sent', () => {
    const body = new Written('none').write('a').end({ A: 'b' });
    expect(body.pieces).toEqual([]);
    expect(body.writer.isComplete).toBe(true);
  });

  it.each(['length', 'chunked', 'close', 'none'] as const)(
    'should take nothing after the end: %s',
    (framing) => {
      const body = new Written(framing).end();
      expect(() => body.write('a')).toThrow('ERR_STATE: the body has ended');
      expect(() => body.end()).toThrow('ERR_STATE');
    },
  );
});
