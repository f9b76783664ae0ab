import { connect } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { Observable, concat, from, map, of, pipe, throwError, timer } from 'rxjs';
import { OptionError } from '../../../lib/base/errors.ts';
import { FlowGate } from '../../../lib/flow/flow-gate.ts';
import { compressBody } from '../../../lib/http/server/compress-body.ts';
import { compressed, type CompressedOptions } from '../../../lib/http/server/compressed.ts';
import type { HttpResponse } from '../../../lib/http/server/http-response.ts';
import { collect, pattern } from '../../support/patterns.ts';
import { ask, serving } from './ask.ts';

const TEXT = 'to be compressed, '.repeat(500);
const PLAIN = { 'Content-Type': 'text/plain' };
const WHOLE: HttpResponse = { fields: PLAIN, body: TEXT };
const LEVELS = { gzipLevel: 6, brotliQuality: 4, flush: false };

const answering = async (response: HttpResponse, options?: CompressedOptions) => {
  const { port, faults } = await serving(
    pipe(
      map((exchange) => exchange.reply(response)),
      compressed(options),
    ),
  );
  const get = (accept?: string, method?: string) =>
    ask(port, '/', accept === undefined ? {} : { 'Accept-Encoding': accept }, method);
  return { get, port, faults };
};

describe('compressed', () => {
  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['deflate', inflateSync],
  ] as const)('should compress with %s', async (coding, decompress) => {
    for (const response of [
      WHOLE,
      { ...WHOLE, body: concat(of(TEXT.slice(0, 3000)), timer(5).pipe(map(() => TEXT.slice(3000)))) },
    ]) {
      const { get } = await answering(response);
      const { headers, body } = await get(coding);
      expect(headers).toMatchObject({
        'content-encoding': coding,
        vary: 'Accept-Encoding',
        'content-type': 'text/plain',
      });
      expect(headers['content-length']).toBeUndefined();
      expect(body.length).toBeLessThan(1000);
      expect(String(decompress(body))).toBe(TEXT);
    }
  });

  it('should choose what the client likes best', async () => {
    const { get } = await answering(WHOLE);
    expect((await get('gzip, br;q=0.5')).headers['content-encoding']).toBe('gzip');
    expect((await get('gzip, br')).headers['content-encoding']).toBe('br');
    for (const accept of [undefined, 'identity', 'zstd', 'gzip;q=0']) {
      const { headers, body } = await get(accept);
      expect([headers['content-encoding'], headers.vary, String(body)]).toEqual([
        undefined,
        'Accept-Encoding',
        TEXT,
      ]);
    }
    const only = await answering(WHOLE, { codings: ['deflate'] });
    expect((await only.get('gzip, br, deflate;q=0.1')).headers['content-encoding']).toBe('deflate');
  });

  it.each<[string, HttpResponse]>([
    ['what is short', { fields: PLAIN, body: 'x'.repeat(1023) }],
    ['what is short and streamed', { fields: { ...PLAIN, 'Content-Length': 5 }, body: of('short') }],
    ['what does not become smaller', { fields: { 'Content-Type': 'image/png' }, body: TEXT }],
    ['what is of no type', { body: TEXT }],
    ['what is compressed', { fields: { ...PLAIN, 'Content-Encoding': 'gzip' }, body: TEXT }],
    ['parts', { status: 206, fields: { ...PLAIN, 'Content-Range': 'bytes 0-8999/9001' }, body: TEXT }],
    ['what has a digest', { fields: { ...PLAIN, 'Content-Digest': 'x' }, body: TEXT }],
    [
      'what must not be changed',
      { fields: { ...PLAIN, 'Cache-Control': 'public, no-transform' }, body: TEXT },
    ],
    ['events', { fields: { 'Content-Type': 'text/event-stream' }, body: TEXT }],
    ['nothing', { status: 204, fields: PLAIN }],
  ])('should leave alone %s', async (_, response) => {
    const { get } = await answering(response);
    const { headers, body } = await get('gzip');
    expect(headers.vary).toBeUndefined();
    if (response.body === TEXT) expect(String(body)).toBe(TEXT);
  });

  it('should weaken entity tags, offer no ranges, and keep what varies', async () => {
    const fields = {
      ...PLAIN,
      ETag: '"v1"',
      'Accept-Ranges': 'bytes',
      Vary: 'Cookie',
      'Set-Cookie': ['a=1', 'b=2'],
    };
    const { get } = await answering({ fields, body: TEXT });
    const { headers } = await get('gzip');
    expect([headers.etag, headers['accept-ranges'], headers.vary]).toEqual([
      'W/"v1"',
      undefined,
      'Cookie, Accept-Encoding',
    ]);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect((await get()).headers.etag).toBe('"v1"');
    const same = await answering({ status: 304, fields: [['ETag', '"v1"']] });
    expect((await same.get('gzip')).headers).toMatchObject({ etag: 'W/"v1"', vary: 'Accept-Encoding' });
    const varied = await answering({ fields: { ...PLAIN, vary: 'accept-encoding' }, body: TEXT });
    expect((await varied.get('gzip')).headers.vary).toBe('accept-encoding');
  });

  it('should answer HEAD as GET', async () => {
    const { get } = await answering(WHOLE);
    const { headers, body } = await get('gzip', 'HEAD');
    expect([headers['content-encoding'], headers['content-length'], body.length]).toEqual([
      'gzip',
      undefined,
      0,
    ]);
  });

  it('should pass parts on at once if it is told to', async () => {
    const { port } = await answering(
      { fields: PLAIN, body: concat(of('first'), timer(10_000).pipe(map(() => 'never'))) },
      { flush: true },
    );
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    let received = '';
    for await (const chunk of socket) {
      received += String(chunk);
      if (received.split('\r\n\r\n')[1]?.length) break;
    }
    expect(received.length).toBeGreaterThan(100);
  });

  it('should reset the connection when the body fails', async () => {
    const { get, faults } = await answering({
      fields: PLAIN,
      body: concat(
        of(TEXT),
        throwError(() => new Error('oops')),
      ),
    });
    await expect(get('gzip')).rejects.toThrow();
    expect(faults.map(({ error }) => error.code)).toEqual(['ERR_HANDLER']);
  });

  it('should refuse illegal options', () => {
    for (const options of [{ gzipLevel: 10 }, { codings: ['lzma'] }, { threshold: -1 }, { level: 1 }])
      expect(() => compressed(options as CompressedOptions)).toThrow(OptionError);
  });
});

describe('compressBody', () => {
  it('should make its source wait while what comes out is not taken', async () => {
    let emitted = 0;
    let paused = false;
    const gate = new FlowGate({ target: { flowChanged: (now) => (paused = now) } });
    const noise = pattern(64 * 1024);
    const source = new Observable<Uint8Array>((subscriber) => {
      const timer = setInterval(() => {
        if (paused) return;
        emitted++;
        gate.deliver(subscriber, noise);
      });
      return () => clearInterval(timer);
    });
    const taken: { release(): void }[] = [];
    const { currentGate } = await import('../../../lib/flow/emission.ts');
    const subscription = source.pipe(compressBody('gzip', LEVELS)).subscribe((chunk) => {
      const lease = currentGate()?.lease(chunk.length);
      if (lease !== undefined) taken.push(lease);
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(paused).toBe(true);
    expect(emitted).toBeLessThan(20);
    const before = emitted;
    for (const lease of taken.splice(0)) lease.release();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(emitted).toBeGreaterThan(before);
    subscription.unsubscribe();
    expect(gate.items).toBe(0);
  });

  it('should lose nothing', async () => {
    const parts = Array.from({ length: 50 }, (_, seed) => pattern(seed * 777, seed));
    const whole = await collect(from(parts).pipe(compressBody('br', LEVELS)));
    expect(brotliDecompressSync(whole).equals(Buffer.concat(parts))).toBe(true);
  });
});
