import { describe, expect, it } from '@jest/globals';
import { Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type Candidate, interleave, race } from '../../lib/transport/race.ts';

const v4 = (address: string): Candidate => ({ address, family: 4 });
const v6 = (address: string): Candidate => ({ address, family: 6 });

describe('interleave', () => {
  it('should alternate families, beginning with the first', () => {
    const found = [v6('a'), v6('b'), v6('c'), v4('d'), v4('e')];
    expect(interleave(found).map(({ address }) => address)).toEqual(['a', 'd', 'b', 'e', 'c']);
  });

  it('should begin with IPv4 where the resolver did', () => {
    const found = [v4('a'), v6('b'), v6('c')];
    expect(interleave(found).map(({ address }) => address)).toEqual(['a', 'b', 'c']);
  });

  it('should leave the order of a single family alone', () => {
    expect(interleave([v4('a'), v4('b')]).map(({ address }) => address)).toEqual(['a', 'b']);
    expect(interleave([])).toEqual([]);
  });
});

/**
 * Races attempts that are given as marbles, with 10 frames between them: a value succeeds, an error fails, an
 * unsubscription is an attempt called off.
 */
function raceOf(attempts: Observable<string>[], scheduler: TestScheduler): Observable<string> {
  return new Observable((subscriber) =>
    race<string>(
      attempts.map((_, i) => v4(String(i))),
      10,
      scheduler,
      ({ address }, done, failed) => {
        const attempt = attempts[Number(address)] as Observable<string>;
        const subscription = attempt.subscribe({ next: done, error: failed });
        return () => subscription.unsubscribe();
      },
      (winner) => {
        subscriber.next(winner);
        subscriber.complete();
      },
      (error) => subscriber.error(error),
    ),
  );
}

describe('race', () => {
  it('should not start a second attempt when the first succeeds in time', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  -----(a|)');
      const second = cold(' -----b');
      expectObservable(raceOf([first, second], scheduler)).toBe('-----(a|)');
      expectSubscriptions(first.subscriptions).toBe('           ^----!');
      expectSubscriptions(second.subscriptions).toBe([]);
    });
  });

  it('should start the next attempt after the delay, beside the first', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  30ms a');
      const second = cold(' 5ms (b|)');
      const third = cold('  5ms c');
      expectObservable(raceOf([first, second, third], scheduler)).toBe('15ms (b|)');
      expectSubscriptions(first.subscriptions).toBe('  ^ 14ms !');
      expectSubscriptions(second.subscriptions).toBe(' 10ms ^----!');
      expectSubscriptions(third.subscriptions).toBe([]);
    });
  });

  it('should let a slow first attempt win after all', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  25ms (a|)');
      const second = cold(' 30ms b');
      const third = cold('  30ms c');
      expectObservable(raceOf([first, second, third], scheduler)).toBe('25ms (a|)');
      expectSubscriptions(first.subscriptions).toBe('  ^ 24ms !');
      expectSubscriptions(second.subscriptions).toBe(' 10ms ^ 14ms !');
      expectSubscriptions(third.subscriptions).toBe('  20ms ^----!');
    });
  });

  it('should start the next attempt at once when one fails', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  ---#');
      const second = cold('    30ms b');
      const third = cold('     5ms (c|)');
      expectObservable(raceOf([first, second, third], scheduler)).toBe('18ms (c|)');
      expectSubscriptions(first.subscriptions).toBe('  ^--!');
      expectSubscriptions(second.subscriptions).toBe(' ---^ 14ms !');
      expectSubscriptions(third.subscriptions).toBe('  13ms ^----!');
    });
  });

  it('should report the error of the first attempt to fail when all fail', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable }) => {
      const attempts = [
        cold('30ms #', undefined, 'late'),
        cold('1ms #', undefined, 'early'),
        cold('1ms #', undefined, 'last'),
      ];
      expectObservable(raceOf(attempts, scheduler)).toBe('30ms #', undefined, 'early');
    });
  });

  it('should wait for attempts that still run when the last one has failed', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable }) => {
      const attempts = [cold('30ms a'), cold('1ms #')];
      expectObservable(raceOf(attempts, scheduler)).toBe('30ms (a|)');
    });
  });

  it('should call off everything when it is unsubscribed from', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ cold, expectObservable, expectSubscriptions }) => {
      const first = cold('  30ms a');
      const second = cold(' 30ms b');
      const third = cold('  30ms c');
      expectObservable(raceOf([first, second, third], scheduler), '^ 14ms !').toBe('');
      expectSubscriptions(first.subscriptions).toBe('  ^ 14ms !');
      expectSubscriptions(second.subscriptions).toBe(' 10ms ^----!');
      expectSubscriptions(third.subscriptions).toBe([]);
    });
  });
});
