import { describe, expect, it } from '@jest/globals';
import { Subject, concat, map, of, take, throwError } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { type BytesLike, toText, utf8 } from '../../lib/bytes/bytes-like.ts';
import { currentGate } from '../../lib/flow/emission.ts';
import { flowForEach } from '../../lib/flow/flow-for-each.ts';
import { coalesce } from '../../lib/send/coalesce.ts';
import { BLOCK_SIZE, sendPolicy } from '../../lib/send/send-policy.ts';
import { fakeOutbox } from '../support/fake-sink.ts';
import { recordedGate } from '../support/flow-recorder.ts';
import { PAUSED, marbles, underGate } from '../support/under-gate.ts';

describe('coalesce', () => {
  it('should join what arrives within one turn: pack', () => {
    marbles().run(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source = hot('  -(abc)--d--(ef|)');
      const subs = '        ^----------!';
      const expected = '    -x------y--(z|)';
      const chunks = { x: 'abc', y: 'd', z: 'ef' };
      expectObservable(source.pipe(coalesce(), map(toText))).toBe(expected, chunks);
      expectSubscriptions(source.subscriptions).toBe(subs);
      const scheduled = cold('-(ab)-|').pipe(coalesce(sendPolicy.pack()), map(toText));
      expectObservable(scheduled).toBe('-x----|', { x: 'ab' });
    });
  });

  it('should join when the scheduler of its policy says so', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const chunks = cold('-(abc)--d--|').pipe(coalesce(sendPolicy.pack({ scheduler })), map(toText));
      expectObservable(chunks).toBe('-x------y--|', { x: 'abc', y: 'd' });
    });
  });

  it('should emit chunks of at most one block: safe', () => {
    marbles().run(({ cold, expectObservable }) => {
      const values = { a: 'a'.repeat(BLOCK_SIZE), b: 'bb' };
      const lengths = cold('-(ab)--b--|', values).pipe(
        coalesce(sendPolicy.safe()),
        map(({ length }) => length),
      );
      expectObservable(lengths).toBe('-(xy)--y--|', { x: BLOCK_SIZE, y: 2 });
    });
  });

  it('should emit every value by itself: direct', () => {
    marbles().run(({ cold, expectObservable }) => {
      const chunks = cold('-(ab)--(c|)').pipe(coalesce(sendPolicy.direct()), map(toText));
      expectObservable(chunks).toBe('-(ab)--(c|)');
    });
  });

  it('should take every kind of bytes and emit copies', () => {
    const mine = utf8('-mine-');
    const values: BytesLike[] = ['text', mine, new ArrayBuffer(1), new Uint8Array(0)];
    const seen: Uint8Array[] = [];
    of(...values)
      .pipe(coalesce())
      .subscribe((chunk) => seen.push(chunk));
    mine.fill(0);
    expect(seen.map(toText)).toEqual(['text-mine-\0']);
  });

  it('should emit nothing for nothing', () => {
    marbles().run(({ cold, expectObservable }) => {
      expectObservable(cold('-a---|', { a: '' }).pipe(coalesce())).toBe('-----|');
    });
  });

  it('should let out what waits when the source completes, and drop it when it fails or is left', () => {
    marbles().run(({ cold, expectObservable }) => {
      expectObservable(cold('-(a|)').pipe(coalesce(), map(toText))).toBe('-(a|)');
      expectObservable(cold('-(a#)').pipe(coalesce(), map(toText))).toBe('-#');
    });
    const seen: unknown[] = [];
    const source = new Subject<string>();
    const subscription = source
      .pipe(coalesce(sendPolicy.pack({ scheduler: marbles() })))
      .subscribe((value) => seen.push(value));
    source.next('a');
    subscription.unsubscribe();
    expect([seen, source.observed]).toEqual([[], false]);
  });

  it('should end with an error for what is not bytes', () => {
    const seen: unknown[] = [];
    of(5 as unknown as string)
      .pipe(coalesce())
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toMatchObject([{ name: OptionError.name, code: 'ERR_OPTION' }]);
  });

  it('should pass an error on at once', () => {
    const seen: unknown[] = [];
    const broken = new Error('broken');
    throwError(() => broken)
      .pipe(coalesce())
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([broken]);
  });

  it('should leave a synchronous source when an operator behind it has had enough', () => {
    const asked: string[] = [];
    of('a', 'b', 'c')
      .pipe(
        map((value) => {
          asked.push(value);
          return value;
        }),
        coalesce(sendPolicy.direct()),
        take(1),
      )
      .subscribe();
    expect(asked).toEqual(['a']);
  });
});

describe('coalesce and flow control', () => {
  it.each(['pack', 'safe', 'direct'] as const)(
    'should emit under the gate that delivered the bytes: %s',
    (name) => {
      marbles().run(({ cold, flush }) => {
        const { gate } = recordedGate();
        const seen: unknown[] = [];
        cold('-a-(bc)-d|')
          .pipe(
            underGate(gate),
            coalesce(sendPolicy[name]()),
            map(() => currentGate() === gate),
          )
          .subscribe((same) => seen.push(same));
        flush();
        expect(new Set(seen)).toEqual(new Set([true]));
        expect(seen.length).toBeGreaterThanOrEqual(3);
      });
    },
  );

  it('should not join bytes of different gates', () => {
    const [one, two] = [recordedGate().gate, recordedGate().gate];
    const seen: unknown[] = [];
    concat(of('a', 'b').pipe(underGate(one)), of('c').pipe(underGate(two)), of('d'))
      .pipe(coalesce())
      .subscribe((chunk) => seen.push([toText(chunk), currentGate()]));
    expect(seen.flat()).toEqual(['a', one, 'b', one, 'c', two, 'd', undefined]);
  });

  it('should let a flow-aware operator follow that pushes back', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const { gate } = recordedGate({ maxItems: 1, resumeItems: 0 });
      const source = cold('        -(ab)-|').pipe(
        underGate(gate),
        coalesce(sendPolicy.pack({ scheduler })),
        flowForEach(() => cold('    ---|'), { strictFlow: true }),
      );
      expectObservable(source).toBe('------|');
      expectObservable(gate.paused$).toBe('rp--r', PAUSED);
    });
  });

  it('should not disturb bytes that a connection behind it has on the way', () => {
    const scheduler = marbles();
    const { outbox, sink, take: takeBytes } = fakeOutbox({ policy: sendPolicy.pack(), atOnce: 0 });
    const { gate } = recordedGate();
    const source = new Subject<string>();
    source
      .pipe(underGate(gate), coalesce(sendPolicy.pack({ scheduler })))
      .subscribe((chunk) => outbox.send([chunk, utf8('.')]));
    for (const text of ['one', 'two', 'three']) {
      source.next(text);
      source.next('!');
      scheduler.flush();
    }
    while (!outbox.isEmpty) takeBytes();
    expect(sink.text).toBe('one!.two!.three!.');
  });
});
