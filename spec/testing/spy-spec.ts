import { describe, expect, it } from '@jest/globals';
import { NEVER, Observable, Subject, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { OptionError } from '../../lib/base/errors.ts';
import { hex, utf8 } from '../../lib/bytes/bytes-like.ts';
import { spy } from '../../lib/testing/spy.ts';
import { SpyError } from '../../lib/testing/spy-waiter.ts';

describe('spy', () => {
  it('should keep values, times and the end on the virtual clock', () => {
    new TestScheduler(() => undefined).run(({ cold, flush }) => {
      const heard = spy(cold('a 9ms b 29ms |'));
      expect([heard.completed, heard.endedAt]).toEqual([false, undefined]);
      flush();
      expect(heard.values).toEqual(['a', 'b']);
      expect(heard.times).toEqual([0, 10]);
      expect([heard.completed, heard.error, heard.endedAt]).toEqual([true, undefined, 40]);
    });
  });

  it('should count time from when it began, on a scheduler of your own', () => {
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ hot, flush }) => {
      const source = hot('a 9ms b 9ms #');
      scheduler.schedule(() => {
        const heard = spy(source, { scheduler });
        scheduler.schedule(() => {
          expect(heard.times).toEqual([5]);
          expect([heard.completed, heard.error, heard.endedAt]).toEqual([false, 'error', 15]);
        }, 50);
      }, 5);
      flush();
      expect.assertions(2);
    });
  });

  it('should hand out each value once, in the order in which they are asked for', async () => {
    const source = new Subject<number>();
    const heard = spy(source);
    source.next(1);
    const asked = [heard.next(), heard.next(), heard.take(2), heard.until((n) => n > 6), heard.next()];
    for (let n = 2; n < 10; n++) source.next(n);
    expect(await Promise.all(asked)).toEqual([1, 2, [3, 4], 7, 8]);
    expect(heard.values).toHaveLength(9);
    expect(await heard.take(0)).toEqual([]);
    expect(await heard.next()).toBe(9);
  });

  it('should see what comes while it subscribes', async () => {
    const heard = spy(of('a', 'b'));
    expect(await heard.take(2)).toEqual(['a', 'b']);
    await heard.ended();
  });

  it('should say when the end comes first', async () => {
    const heard = spy(of('a', 'b'));
    await expect(heard.take(3)).rejects.toThrow(
      'value 3 of 3 did not come: the Observable completed, 2 values came',
    );
    const source = new Subject<number>();
    const failing = spy(source);
    const next = failing.next();
    const end = failing.ended();
    const broken = new Error('broken');
    source.error(broken);
    await expect(next).rejects.toMatchObject({ name: 'SpyError', cause: broken, values: 0 });
    await expect(end).rejects.toBe(broken);
  });

  it('should not wait for ever', async () => {
    const heard = spy(NEVER, { timeout: 1 });
    await expect(heard.next()).rejects.toThrow(
      'the value did not come: after 1 ms (option timeout), 0 values came',
    );
    await expect(heard.ended()).rejects.toThrow(SpyError);
    expect(await spy(timer(2), { timeout: 0 }).next()).toBe(0);
  });

  it('should go on with those behind one that gave up', async () => {
    const scheduler = new TestScheduler(() => undefined);
    const source = new Subject<string>();
    const heard = spy(source, { scheduler, timeout: 5 });
    const first = heard.next();
    scheduler.frame = 3;
    const second = heard.next();
    scheduler.maxFrames = 5;
    scheduler.flush();
    await expect(first).rejects.toThrow('after 5 ms');
    source.next('a');
    expect(await second).toBe('a');
  });

  it('should pass on what a predicate throws, and go on', async () => {
    const heard = spy(of(1, 2));
    const fault = new Error('predicate');
    const bad = heard.until(() => {
      throw fault;
    });
    await expect(bad).rejects.toBe(fault);
    expect(await heard.next()).toBe(2);
  });

  it('should unsubscribe, and tell who waits', async () => {
    let subscribed = true;
    const source = new Observable<number>(() => () => (subscribed = false));
    const heard = spy(source);
    const waiting = [heard.next(), heard.ended()];
    heard[Symbol.dispose]();
    expect(subscribed).toBe(false);
    for (const promise of waiting) await expect(promise).rejects.toThrow('the spy was unsubscribed');
    await expect(heard.next()).rejects.toThrow('the spy was unsubscribed');
    expect([heard.completed, heard.endedAt]).toEqual([false, undefined]);
  });

  it('should keep an end that came before it was unsubscribed', async () => {
    const heard = spy(of(1));
    heard.unsubscribe();
    await heard.ended();
  });

  it('should show bytes as text, with characters cut anywhere', () => {
    const heard = spy(of(hex('68 c3'), hex('a9'), utf8('!')));
    expect(heard.text).toBe('hé!');
    expect(heard.bytes).toEqual(new Uint8Array([0x68, 0xc3, 0xa9, 0x21]));
    expect(spy(of('a', 'b')).text).toBe('ab');
    expect(() => spy(of({})).text).toThrow(OptionError);
  });

  it('should refuse illegal options', () => {
    expect(() => spy(NEVER, { timeout: -1 })).toThrow(OptionError);
  });
});
