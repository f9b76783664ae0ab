import { describe, expect, it } from '@jest/globals';
import { Observable, type Subscriber, asapScheduler, asyncScheduler } from 'rxjs';
import { OptionError } from '../../lib/base/errors.ts';
import { utf8 } from '../../lib/bytes/bytes-like.ts';
import { BLOCK_SIZE, type SendPolicy, sendPolicy } from '../../lib/send/send-policy.ts';
import { fakeOutbox } from '../support/fake-sink.ts';
import { marbles } from '../support/under-gate.ts';

/** What a policy makes of sends, as an Observable of the writes. `taken` says when the system takes how much. */
function writesOf(
  policy: SendPolicy,
  sends: Observable<string>,
  { atOnce = Infinity, taken }: { atOnce?: number; taken?: Observable<string> } = {},
): Observable<string> {
  return new Observable((subscriber: Subscriber<string>) => {
    const { outbox, sink, take } = fakeOutbox({ policy, atOnce });
    sink.onWrite = (text) => subscriber.next(text);
    subscriber.add(sends.subscribe((text) => void outbox.send(utf8(text))));
    subscriber.add(taken?.subscribe(() => take()));
  });
}

/** Blocks of 40,000 bytes, one letter each, and what comes of them. */
const block = (letters: string, length = 40_000) => letters.repeat(length);
const LARGE = { a: block('a'), b: block('b'), c: block('c'), d: block('d') };

describe('sendPolicy.pack', () => {
  it('should make one write of everything that is sent within one turn', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -(abc)--d--(ef)', { a: 'a', b: 'b', c: 'c', d: 'd', e: 'e', f: 'f' });
      const expected = '     -x------y--z';
      const writes = { x: 'abc', y: 'd', z: 'ef' };
      expectObservable(writesOf(sendPolicy.pack({ scheduler }), sends)).toBe(expected, writes);
    });
  });

  it('should batch the same way by default', () => {
    marbles().run(({ cold, expectObservable }) => {
      const sends = cold('   -(abc)--d--(ef)');
      const expected = '     -x------y--z';
      const writes = { x: 'abc', y: 'd', z: 'ef' };
      expectObservable(writesOf(sendPolicy.pack(), sends)).toBe(expected, writes);
    });
  });

  it('should write on although the system has not taken the last write yet', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -a-(bc)---');
      const expected = '     -a-x------';
      const writes = writesOf(sendPolicy.pack({ scheduler }), sends, { atOnce: 0 });
      expectObservable(writes).toBe(expected, { a: 'a', x: 'bc' });
    });
  });

  it('should let a block collect while one is in flight', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -(ab)-c-d------', LARGE);
      const taken = cold('   ---------t---t-');
      const expected = '     -x-------y-----';
      const writes = writesOf(sendPolicy.pack({ scheduler }), sends, { atOnce: 0, taken });
      expectObservable(writes).toBe(expected, { x: LARGE.a + LARGE.b, y: LARGE.c + LARGE.d });
    });
  });

  it('should copy small pieces into one block and hand large ones over as they are', () => {
    const scheduler = marbles();
    scheduler.run(({ flush }) => {
      const { outbox, sink } = fakeOutbox({ policy: sendPolicy.pack({ scheduler }), atOnce: 0 });
      for (const length of [10, 20, 8192, 5, 8191, 100_000]) outbox.send(new Uint8Array(length));
      expect(sink.shapes).toEqual([]);
      flush();
      expect(sink.shapes).toEqual([[30, 8192, 8196, 100_000]]);
    });
  });
});

describe('sendPolicy.safe', () => {
  it('should make one write of everything that is sent within one turn', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -(abc)--d--(ef)');
      const expected = '     -x------y--z';
      const writes = { x: 'abc', y: 'd', z: 'ef' };
      expectObservable(writesOf(sendPolicy.safe({ scheduler }), sends)).toBe(expected, writes);
    });
  });

  it('should wait with the next write until the system has taken the last one', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -a-b-c------d----');
      const taken = cold('   ------t--t-----t-');
      const expected = '     -a----x-----d----';
      const writes = writesOf(sendPolicy.safe({ scheduler }), sends, { atOnce: 0, taken });
      expectObservable(writes).toBe(expected, { a: 'a', x: 'bc', d: 'd' });
    });
  });

  it('should write no more than one block at a time', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -(ab)----------', LARGE);
      const taken = cold('   -------t---t---');
      const expected = '     -x-----y-------';
      const all = LARGE.a + LARGE.b;
      const writes = writesOf(sendPolicy.safe({ scheduler }), sends, { atOnce: 0, taken });
      expectObservable(writes).toBe(expected, { x: all.slice(0, BLOCK_SIZE), y: all.slice(BLOCK_SIZE) });
    });
  });

  it('should write block after block while the system takes all at once', () => {
    const scheduler = marbles();
    scheduler.run(({ cold, expectObservable }) => {
      const sends = cold('   -(ab)', LARGE);
      const expected = '     -(xy)';
      const all = LARGE.a + LARGE.b;
      const writes = { x: all.slice(0, BLOCK_SIZE), y: all.slice(BLOCK_SIZE) };
      expectObservable(writesOf(sendPolicy.safe({ scheduler }), sends)).toBe(expected, writes);
    });
  });
});

describe('sendPolicy.direct', () => {
  it('should make every send a write at once', () => {
    marbles().run(({ cold, expectObservable }) => {
      const sends = cold('   -(abc)--d-');
      const expected = '     -(abc)--d-';
      expectObservable(writesOf(sendPolicy.direct(), sends)).toBe(expected);
      expectObservable(writesOf(sendPolicy.direct(), sends, { atOnce: 0 })).toBe(expected);
    });
  });

  it('should make one write of several buffers of one send', () => {
    const { outbox, sink } = fakeOutbox();
    outbox.send([utf8('he'), utf8('l'), utf8('lo')]);
    expect(sink.writes).toEqual(['hello']);
  });

  it('should let sends collect while a block is in flight', () => {
    marbles().run(({ cold, expectObservable }) => {
      const sends = cold('   -(abcd)------', LARGE);
      const taken = cold('   ---------t---');
      const expected = '     -(ab)----x---';
      const writes = writesOf(sendPolicy.direct(), sends, { atOnce: 0, taken });
      expectObservable(writes).toBe(expected, { ...LARGE, x: LARGE.c + LARGE.d });
    });
  });
});

describe('sendPolicy', () => {
  it('should take any RxJS scheduler', () => {
    expect(sendPolicy.pack({ scheduler: asyncScheduler }).scheduler).toBe(asyncScheduler);
    expect(sendPolicy.safe({ scheduler: asapScheduler }).scheduler).toBe(asapScheduler);
    expect(sendPolicy.pack().scheduler).toBeUndefined();
  });

  it.each([
    [{ scheduler: 5 }, 'ERR_OPTION: scheduler must be an RxJS scheduler, got 5'],
    [{ scheduler: {} }, 'ERR_OPTION: scheduler must be an RxJS scheduler, got an object'],
    [
      { sheduler: asapScheduler },
      'ERR_OPTION: sheduler must be left out: no such option (there are scheduler)',
    ],
  ])('should refuse %j', (options, message) => {
    for (const make of [sendPolicy.pack, sendPolicy.safe]) {
      expect(() => make(options as object)).toThrow(OptionError);
      expect(() => make(options as object)).toThrow(message);
    }
  });
});
