import { describe, expect, it } from '@jest/globals';
import type { HttpFields } from '../../lib/http/fields.ts';
import type { RequestHead, ResponseHead } from '../../lib/http/head.ts';
import { HttpParser } from '../../lib/http/parser.ts';
import type { HeadDecision } from '../../lib/http/parser-sink.ts';
import { Recorder, cutAt, parse } from './recorder.ts';

const TEXT = Buffer.from(
  [
    '\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
    'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nabc\r\n0\r\nT: 1\r\n\r\n',
    'GET /3 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /4 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nrest',
  ].join(''),
);

/** Pauses in every call of certain kinds; or in every call at all. */
class PausingRecorder extends Recorder {
  private readonly pause: (what: string) => void;

  constructor(pause: (what: string) => void) {
    super();
    this.pause = pause;
  }

  override messageBegin(): void {
    super.messageBegin();
    this.pause('messageBegin');
  }

  override head(head: RequestHead | ResponseHead): HeadDecision {
    const decision = super.head(head);
    this.pause('head');
    return decision;
  }

  override body(bytes: Buffer): void {
    super.body(bytes);
    this.pause('body');
  }

  override chunkHeader(length: number, extensions: string): void {
    super.chunkHeader(length, extensions);
    this.pause('chunkHeader');
  }

  override chunkComplete(): void {
    super.chunkComplete();
    this.pause('chunkComplete');
  }

  override trailers(fields: HttpFields): void {
    super.trailers(fields);
    this.pause('trailers');
  }

  override messageComplete(): void {
    super.messageComplete();
    this.pause('messageComplete');
  }
}

const KINDS = ['messageBegin', 'head', 'body', 'chunkHeader', 'chunkComplete', 'trailers', 'messageComplete'];

describe('a parser that is paused', () => {
  const expected = parse([TEXT], { kind: 'request' }).slice(0, -1);

  it.each([...KINDS, 'anything'])('should stop at once, and go on as if nothing had been: %s', (when) => {
    for (let cut = 1; cut < TEXT.length; cut++) {
      const parser = new HttpParser('request');
      const recorder = new PausingRecorder((what) => {
        if (when === what || when === 'anything') parser.pause();
      });
      const chunks = cutAt(TEXT, cut);
      for (const chunk of chunks) {
        if (parser.isDone) {
          recorder.follow(chunk);
          continue;
        }
        parser.push(chunk, recorder);
        while (parser.isPaused) {
          const { length } = recorder.happenings;
          parser.resume(recorder);
          expect(recorder.happenings.length).toBeGreaterThanOrEqual(length);
        }
        expect(parser.pending).toBe(0);
      }
      expect(recorder.happenings).toEqual(expected);
    }
  });

  it('should make one call at a time, if each of them pauses', () => {
    const parser = new HttpParser('request');
    const recorder = new PausingRecorder(() => parser.pause());
    parser.push(TEXT, recorder);
    for (let count = 1; count < expected.length; count++) {
      expect(recorder.happenings).toHaveLength(count);
      expect(parser.isPaused).toBe(true);
      parser.resume(recorder);
    }
    expect(recorder.happenings).toEqual(expected);
  });

  it('should keep what comes, and say how much', () => {
    const parser = new HttpParser('request');
    const recorder = new Recorder();
    const chunks = cutAt(TEXT, 10, 60, 100, 300);
    parser.pause();
    let bytes = 0;
    for (const chunk of chunks) {
      parser.push(chunk, recorder);
      bytes += chunk.length;
      expect(parser.pending).toBe(bytes);
    }
    expect(recorder.happenings).toEqual([]);
    expect(parser.isIdle).toBe(false);
    parser.resume(recorder);
    expect(recorder.happenings).toEqual(expected);
    expect(parser.pending).toBe(0);
  });

  it('should hand out the body as views of the chunk', () => {
    const bodies: Buffer[] = [];
    const recorder = new Recorder();
    recorder.body = (bytes) => void bodies.push(bytes);
    const chunk = Buffer.from(TEXT);
    new HttpParser('request').push(chunk, recorder);
    expect(bodies.map((body) => body.buffer === chunk.buffer)).toEqual([true, true]);
    expect(bodies.map(String)).toEqual(['hello', 'abc']);
  });

  it('should wait with the end, too', () => {
    const parser = new HttpParser('response');
    const recorder = new Recorder();
    parser.pause();
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello'), recorder);
    parser.end(recorder);
    expect(recorder.happenings).toEqual([]);
    parser.resume(recorder);
    expect(recorder.happenings.slice(2)).toEqual([['body', 'hello'], ['messageComplete']]);
    expect(parser.isDone).toBe(true);
  });

  it('should throw from resume what push would have thrown', () => {
    const parser = new HttpParser('request');
    const recorder = new Recorder();
    parser.pause();
    parser.push(Buffer.from('GET@'), recorder);
    expect(() => parser.resume(recorder)).toThrow('ERR_HTTP_METHOD');
    parser.pause();
    parser.push(Buffer.from('GET / HTTP/1.1'), recorder);
    parser.resume(recorder);
    expect(parser.isDone).toBe(true);
  });

  it('should be able to go on within the call that paused it', () => {
    const parser = new HttpParser('request');
    const recorder: PausingRecorder = new PausingRecorder(() => {
      parser.pause();
      parser.resume(recorder);
    });
    parser.push(TEXT, recorder);
    expect(recorder.happenings).toEqual(expected);
  });

  it('should take what is pushed within a call behind the chunk that is being read', () => {
    const parser = new HttpParser('request');
    const more = [Buffer.from('GET /5 HTTP/1.1\r\nHost: a\r\n\r\n')];
    const recorder: PausingRecorder = new PausingRecorder((what) => {
      const next = what === 'head' ? more.pop() : undefined;
      if (next !== undefined) parser.push(next, recorder);
    });
    parser.push(
      Buffer.from('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n'),
      recorder,
    );
    const targets = recorder.happenings
      .filter(([what]) => what === 'head')
      .map(([, head]) => (head as RequestHead).target);
    expect(targets).toEqual(['/1', '/2', '/5']);
  });

  it('should be done when the sink throws', () => {
    const parser = new HttpParser('request');
    const recorder = new Recorder();
    recorder.head = () => {
      throw new RangeError('no');
    };
    expect(() => parser.push(TEXT, recorder)).toThrow(RangeError);
    expect(parser.isDone).toBe(true);
    expect(parser.pending).toBe(0);
    expect(recorder.happenings).toEqual([['messageBegin']]);
  });
});
