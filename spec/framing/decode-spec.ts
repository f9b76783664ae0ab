import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NEVER, Observable, Subject, concat, delay, from, map, of, take, throwError, timer } from 'rxjs';
import { NetworkTimeoutError, OptionError, ProtocolError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { currentGate } from '../../lib/flow/emission.ts';
import { flowMap } from '../../lib/flow/flow-map.ts';
import { decode } from '../../lib/framing/decode.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { marbles, underGate } from '../support/under-gate.ts';
import { words } from '../support/word-codec.ts';
import { logOf } from '../support/coded-world.ts';

/** Chunks for marbles. */
const CHUNKS: Record<string, Uint8Array> = {
  a: utf8('a;'),
  b: utf8('b;'),
  m: utf8('a;b;'),
  x: utf8('a;b'),
  y: utf8('c;d'),
  p: utf8('wo'),
  f: utf8('a;!;b;'),
  q: utf8('a;?;b;'),
};
const FAULT = new ProtocolError('ERR_FRAME_DATA', '! is not understood', { operation: 'receive' });
const CUT = new ProtocolError('ERR_FRAME_TRUNCATED', 'the stream ended within a word', {
  operation: 'receive',
});

describe('decode', () => {
  const cases: [string, Parameters<typeof words>[0], string, string, Record<string, string>, unknown?][] = [
    ['emit the messages of each chunk', {}, '-m----a-|', '-(ab)-a-|', {}],
    ['join a message that was cut', {}, '-x--y-', '-a--b-', { b: 'bc' }],
    ['complete with the source', {}, '--|', '--|', {}],
    ['error with the source', {}, '-x-#', '-a-#', {}, 'error'],
    ['error after the messages in front of the fault', {}, '--f-a', '--(a#)', {}, FAULT],
    ['error with what the codec throws', {}, '--q-a', '--(a#)', {}, new TypeError('the codec is broken')],
    ['error when the stream ends within a message', {}, '-x-|', '-a-#', {}, CUT],
    ['drop a cut message if the codec says so', { tail: 'drop' }, '-x-|', '-a-|', {}],
    ['emit a cut message if the codec says so', { tail: 'emit' }, '-x-|', '-a-(b|)', {}],
  ];
  for (const [name, options, source, expected, values, error] of cases) {
    it(`should ${name}`, () => {
      marbles().run(({ hot, expectObservable }) => {
        const decoded = hot(source, CHUNKS).pipe(decode(words(options)));
        expectObservable(decoded).toBe(expected, { a: 'a', b: 'b', ...values }, error);
      });
    });
  }

  it('should unsubscribe from the source when it fails', () => {
    marbles().run(({ hot, expectSubscriptions, expectObservable }) => {
      const chunks = hot('--f-a', CHUNKS);
      expectObservable(chunks.pipe(decode(words()))).toBe('--(a#)', { a: 'a' }, FAULT);
      expectSubscriptions(chunks.subscriptions).toBe('^-!');
    });
  });

  it('should have a decoder for each subscription', () => {
    const chunks = new Subject<Uint8Array>();
    const decoded = chunks.pipe(decode(words()));
    const first = logOf(decoded);
    chunks.next(utf8('a;b'));
    const second = logOf(decoded);
    chunks.next(utf8('c;d;'));
    expect([first, second]).toEqual([
      ['a', 'bc', 'd'],
      ['c', 'd'],
    ]);
  });

  it('should drop the rest of the chunk when it is unsubscribed from in a handler', () => {
    const chunks = new Subject<Uint8Array>();
    const seen = logOf(chunks.pipe(decode(words()), take(1)));
    chunks.next(utf8('a;b;!;'));
    chunks.next(utf8('c;'));
    expect(seen).toEqual(['a', '|']);
    expect(chunks.observed).toBe(false);
  });

  it('should stop a synchronous source when it is unsubscribed from', () => {
    let pulled = 0;
    const source = from(
      (function* () {
        for (;;) {
          pulled++;
          yield utf8('a;');
        }
      })(),
    );
    expect(logOf(source.pipe(decode(words()), take(3)))).toEqual(['a', 'a', 'a', '|']);
    expect(pulled).toBe(3);
  });

  it('should not look at the end after it was unsubscribed from', () => {
    const seen: unknown[] = [];
    const subscription = concat(of(utf8('a')), NEVER)
      .pipe(decode(words()))
      .subscribe({ error: (error: unknown) => seen.push(error) });
    subscription.unsubscribe();
    expect(seen).toEqual([]);
  });

  it('should keep the gate that delivered the chunk', () => {
    const { gate } = recordedGate();
    const seen: unknown[] = [];
    of(utf8('a;b;c'), utf8('d;'))
      .pipe(underGate(gate), decode(words()))
      .subscribe((word) => seen.push([word, currentGate() === gate]));
    expect(seen).toEqual([
      ['a', true],
      ['b', true],
      ['cd', true],
    ]);
  });

  it('should let flow-aware operators behind it push back', () => {
    const { gate, target } = recordedGate({ high: 6, low: 2 });
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const source = cold('a', { a: utf8('aaa;bbb;') }).pipe(underGate(gate));
      const stored = source.pipe(
        decode(words()),
        flowMap((word) => of(word).pipe(delay(5))),
      );
      expectObservable(stored).toBe('5ms a 4ms b', { a: 'aaa', b: 'bbb' });
    });
    expect(target.changes).toEqual([true, false]);
    expect(gate.items).toBe(0);
  });

  it('should leave what is in work in flow-aware operators behind it alone until the end', () => {
    marbles().run(({ cold, expectObservable }) => {
      const stored = cold('a-|', { a: utf8('a;b;') }).pipe(
        decode(words()),
        flowMap((word) => timer(5).pipe(map(() => word))),
      );
      expectObservable(stored).toBe('5ms a 4ms (b|)');
    });
  });

  describe('frameTimeout', () => {
    it('should be kept on the scheduler', () => {
      const scheduler = marbles();
      scheduler.run(({ hot, expectObservable, expectSubscriptions }) => {
        const chunks = hot('-a-x----------a', CHUNKS);
        const error = new NetworkTimeoutError('frame', 5, 'a message did not come to its end');
        expectObservable(chunks.pipe(decode(words({ frameTimeout: 5 }), { scheduler }))).toBe(
          '-a-a----#',
          undefined,
          error,
        );
        expectSubscriptions(chunks.subscriptions).toBe('^-------!');
      });
    });

    it('should stand still while the gate is paused', () => {
      const scheduler = marbles();
      const { gate } = recordedGate();
      scheduler.run(({ hot, cold, expectObservable }) => {
        const chunks = hot('-x', CHUNKS).pipe(underGate(gate));
        cold('--h 9ms r').subscribe((what) => (what === 'h' ? gate.hold() : gate.holders().length));
        const error = new NetworkTimeoutError('frame', 5, 'a message did not come to its end');
        expectObservable(chunks.pipe(decode(words({ frameTimeout: 5 }), { scheduler }))).toBe(
          '-a',
          undefined,
          error,
        );
      });
    });

    it('should leave no timer behind', () => {
      for (const source of ['-x|', '-x#', '-x-', '-x-f']) {
        const scheduler = marbles();
        scheduler.run(({ hot }) => {
          const subscription = hot(source, CHUNKS)
            .pipe(decode(words({ frameTimeout: 500, tail: 'drop' }), { scheduler }))
            .subscribe({ error: () => undefined });
          scheduler.schedule(() => subscription.unsubscribe(), 5);
        });
        expect(scheduler.frame).toBe(5);
      }
    });
  });

  it('should check its options', () => {
    expect(() => decode(words(), { scheduler: 1 } as never)).toThrow(OptionError);
    expect(() => decode(words(), { clock: 1 } as never)).toThrow(OptionError);
  });

  it('should tell of a source that fails to begin', () => {
    expect(logOf(throwError(() => new RangeError('no')).pipe(decode(words())))).toEqual(['RangeError']);
  });

  it('should tell of a codec that fails to begin', () => {
    const codec = {
      decoder: () => {
        throw new RangeError('no');
      },
    };
    expect(logOf(new Observable<Uint8Array>(() => undefined).pipe(decode(codec)))).toEqual(['RangeError']);
  });

  it('should not care how the bytes are cut', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 20 }),
        fc.array(fc.nat(120), { maxLength: 12 }),
        (list, cuts) => {
          const bytes = utf8(list.map((item) => `${item};`).join(''));
          const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
            (a, b) => a - b,
          );
          const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          expect(logOf(from(chunks).pipe(decode(words())))).toEqual([...list, '|']);
        },
      ),
      { numRuns: 100 },
    );
  });
});
