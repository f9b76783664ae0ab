import { describe, expect, it } from '@jest/globals';
import {
  Subject,
  concat,
  defer,
  from,
  lastValueFrom,
  map,
  mergeMap,
  of,
  take,
  tap,
  throwError,
  toArray,
} from 'rxjs';
import fc from 'fast-check';
import { toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { currentGate } from '../../lib/flow/emission.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { compress, uncompress } from '../../lib/sys/compress.ts';
import { compressStream, uncompressStream } from '../../lib/sys/compress-stream.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { underGate } from '../support/under-gate.ts';
import { RandomBytes } from './random-bytes.ts';

const FORMATS = ['zlib', 'gzip', 'raw', 'brotli'] as const;
const MIB = 1024 * 1024;

/** Cuts bytes into chunks of a length. */
const chunksOf = (bytes: Uint8Array, length: number) =>
  from(
    Array.from({ length: Math.ceil(bytes.length / length) }, (_, at) =>
      bytes.subarray(at * length, (at + 1) * length),
    ),
  );

const joined = toArray<Uint8Array>();

/** One turn of the event loop. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('compressStream and uncompressStream', () => {
  it.each(FORMATS)('should give back a stream in %s, whatever its chunks', async (format) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.constantFrom('end' as const, 'chunk' as const),
        fc.integer({ min: 1, max: 50 }),
        async (chunks, flush, length) => {
          const { gate } = recordedGate();
          const packed = Buffer.concat(
            await lastValueFrom(
              from(chunks).pipe(underGate(gate), compressStream({ format, flush }), joined),
            ),
          );
          expect(Buffer.compare(uncompress(packed, { format }), Buffer.concat(chunks))).toBe(0);
          const unpacked = await lastValueFrom(
            chunksOf(packed, length).pipe(
              underGate(gate),
              uncompressStream({ format, bufferSize: 64 }),
              tap((piece) => expect(piece.length).toBeLessThanOrEqual(64)),
              joined,
            ),
          );
          expect(Buffer.compare(Buffer.concat(unpacked), Buffer.concat(chunks))).toBe(0);
          expect(gate.items).toBe(0);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('should take text, and find gzip and zlib out', async () => {
    for (const format of ['gzip', 'zlib'] as const) {
      const { gate } = recordedGate();
      const text = of('héllo ', 'world').pipe(
        underGate(gate),
        compressStream({ format }),
        uncompressStream({ format: 'auto' }),
        map(toText),
        toArray(),
      );
      expect((await lastValueFrom(text)).join('')).toBe('héllo world');
    }
  });

  it('should let every chunk out at once with flush: chunk', async () => {
    const { gate } = recordedGate();
    const source = new Subject<string>();
    const seen: string[] = [];
    const done = lastValueFrom(
      source.pipe(
        underGate(gate),
        compressStream({ flush: 'chunk' }),
        uncompressStream(),
        map(toText),
        tap((text) => {
          seen.push(text);
          if (seen.length < 3) source.next(`message ${seen.length}`);
          else source.complete();
        }),
      ),
    );
    source.next('message 0');
    await done;
    expect(seen).toEqual(['message 0', 'message 1', 'message 2']);
  });

  it('should begin anew with every subscription', async () => {
    const { gate } = recordedGate();
    const packed = of('again').pipe(
      underGate(gate),
      compressStream(),
      joined,
      map((p) => Buffer.concat(p)),
    );
    expect(await lastValueFrom(packed)).toEqual(await lastValueFrom(packed));
  });

  it('should refuse illegal options when it is made', () => {
    expect(() => compressStream({ level: 10 })).toThrow('ERR_OPTION');
    expect(() => compressStream({ bufferSize: 63 })).toThrow('ERR_OPTION');
    expect(() => uncompressStream({ maxLength: -1 })).toThrow('ERR_OPTION');
    expect(() => uncompressStream({ max: 1 } as never)).toThrow('ERR_OPTION');
  });
});

describe('uncompressStream: ends', () => {
  const failure = async (chunks: readonly Uint8Array[], options = {}) => {
    const { gate } = recordedGate();
    const seen: string[] = [];
    const error: unknown = await lastValueFrom(
      from(chunks).pipe(
        underGate(gate),
        uncompressStream(options),
        tap((piece) => seen.push(toText(piece))),
      ),
    ).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(gate.items).toBe(0);
    return { error, seen: seen.join('') };
  };

  it.each(FORMATS)('should error when %s is cut off or damaged', async (format) => {
    const packed = compress('some text', { format });
    expect(await failure([packed.subarray(0, -1)], { format })).toMatchObject({
      error: { code: 'ERR_COMPRESSED_TRUNCATED' },
    });
    expect(await failure([], { format })).toMatchObject({ error: { code: 'ERR_COMPRESSED_TRUNCATED' } });
    expect(await failure([Buffer.alloc(40, 0xfe), packed], { format })).toMatchObject({
      error: { code: 'ERR_COMPRESSED_DATA' },
    });
  });

  it.each(FORMATS)('should stop %s at maxLength, after what fits', async (format) => {
    const packed = compress(Buffer.alloc(100, 'x'), { format });
    const options = { format, bufferSize: 64 };
    expect(await failure([packed], { ...options, maxLength: 100 })).toEqual({
      error: undefined,
      seen: 'x'.repeat(100),
    });
    expect(await failure([packed], { ...options, maxLength: 99 })).toMatchObject({
      error: { code: 'ERR_INFLATED_LENGTH' },
      seen: 'x'.repeat(64),
    });
  });

  it.each(['zlib', 'raw', 'brotli'] as const)('should ignore what follows the end of %s', async (format) => {
    const packed = compress('text', { format });
    const rest = utf8('rest');
    expect(await failure([Buffer.concat([packed, rest]), rest], { format })).toEqual({
      error: undefined,
      seen: 'text',
    });
    expect(await failure([packed, rest, rest], { format })).toEqual({ error: undefined, seen: 'text' });
  });

  it('should pass an error of the source on', async () => {
    const { gate } = recordedGate();
    const broken = concat(
      of(compress('a')),
      throwError(() => new Error('broken')),
    );
    await expect(lastValueFrom(broken.pipe(underGate(gate), uncompressStream()))).rejects.toThrow('broken');
    expect(gate.items).toBe(0);
  });

  it('should release its leases when it is unsubscribed from', () => {
    const { gate } = recordedGate();
    const source = new Subject<Uint8Array>();
    const subscription = source.pipe(underGate(gate), compressStream()).subscribe();
    source.next(Buffer.alloc(1000));
    source.next(Buffer.alloc(1000));
    expect(gate.leased).toBe(2000);
    subscription.unsubscribe();
    expect([gate.leased, source.observed]).toEqual([0, false]);
  });
});

describe('compressStream and uncompressStream: flow', () => {
  it('should inflate no faster than a slow consumer takes it, and pause the source meanwhile', async () => {
    const bomb = compress(Buffer.alloc(16 * MIB), { level: 9 });
    const { gate, target } = recordedGate({ high: 1024, low: 0 });
    let most = 0;
    let held = 0;
    let length = 0;
    await lastValueFrom(
      chunksOf(bomb, 4096).pipe(
        underGate(gate),
        uncompressStream(),
        tap((piece) => {
          held += piece.length;
          most = Math.max(most, held);
        }),
        flowForEach(async (piece) => {
          length += piece.length;
          await Promise.resolve();
          held -= piece.length;
        }),
      ),
      { defaultValue: undefined },
    );
    expect(length).toBe(16 * MIB);
    expect(most).toBeLessThanOrEqual(256 * 1024 + 16 * 1024);
    expect(target.changes).toEqual([true, false]);
    expect(gate.items).toBe(0);
  });

  it('should stand still while the consumer does, and lose nothing', async () => {
    const data = new RandomBytes(1).take(2 * MIB);
    const { gate } = recordedGate();
    const waiting: (() => void)[] = [];
    let length = 0;
    let largest = 0;
    const done = lastValueFrom(
      of(compress(data)).pipe(
        underGate(gate),
        uncompressStream(),
        flowMap(
          (piece) => {
            length += piece.length;
            return new Promise<Uint8Array>((resolve) => waiting.push(() => resolve(piece)));
          },
          { concurrency: 1000 },
        ),
        joined,
      ),
    );
    // Everything that the stream will do by itself has been done when the consumer's answers are all that is missing.
    for (let seen = -1, quiet = 0; quiet < 50 || waiting.length > 0;) {
      await turn();
      quiet = seen === length ? quiet + 1 : 0;
      seen = length;
      if (quiet < 50) continue;
      largest = Math.max(largest, waiting.length * 16 * 1024);
      for (const answer of waiting.splice(0)) answer();
      if (length < data.length) quiet = 0;
    }
    expect(Buffer.compare(Buffer.concat(await done), data)).toBe(0);
    expect(largest).toBeLessThanOrEqual(256 * 1024 + 16 * 1024);
  });

  it('should let out what it held back when the consumer goes on, though nothing more comes in', async () => {
    const data = new RandomBytes(2).take(16 * 16 * 1024 + 1000); // a piece more than the marks allow
    const { gate } = recordedGate();
    const source = new Subject<Uint8Array>();
    const consumer = new Subject<void>();
    const pieces: Uint8Array[] = [];
    const until = async (many: number) => {
      while (pieces.length < many) await turn();
    };
    source
      .pipe(
        underGate(gate),
        uncompressStream(),
        flowMap(
          (piece) => {
            pieces.push(piece);
            return consumer.pipe(take(1));
          },
          { concurrency: 1000 },
        ),
      )
      .subscribe();
    source.next(compress(data));
    await until(16);
    for (let turns = 0; turns < 200; turns++) await turn();
    expect([pieces.length, gate.items]).toEqual([16, 1]);
    consumer.next();
    await until(17);
    expect(Buffer.compare(Buffer.concat(pieces), data)).toBe(0);
    while (gate.items > 0) await turn();
    source.complete();
  });

  it('should deliver under a gate of its own, one for each subscription', async () => {
    const { gate } = recordedGate();
    const gates = await lastValueFrom(
      of('a', 'b').pipe(
        underGate(gate),
        mergeMap((text) => defer(() => of(text)).pipe(underGate(gate))),
        compressStream({ flush: 'chunk' }),
        map(() => currentGate()),
        toArray(),
      ),
    );
    expect(new Set(gates).size).toBe(1);
    expect(gates[0]).not.toBe(gate);
    expect(gates[0]).toBeDefined();
  });
});
