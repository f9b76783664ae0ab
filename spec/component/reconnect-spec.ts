import { describe, expect, it } from '@jest/globals';
import { type Observable, defer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type Reconnecting, type ReconnectOptions, reconnect } from '../../lib/component/reconnect.ts';

type RunHelpers = Parameters<Parameters<TestScheduler['run']>[0]>[0];
interface Helpers extends RunHelpers {
  /** `reconnect` in virtual time, without chance unless told otherwise. */
  again(options?: ReconnectOptions): (source: Observable<string>) => Observable<string>;
}

function inMarbles(test: (helpers: Helpers) => void): void {
  const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
  scheduler.run((helpers) =>
    test({ ...helpers, again: (options) => reconnect({ scheduler, jitter: 0, ...options }) }),
  );
}

describe('reconnect', () => {
  it('should connect again after the connection has ended', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions, again }) => {
      const source = cold(' a--|');
      const unsub = '      - 230ms !';
      const expected = '   a 102ms a';
      expectObservable(source.pipe(again()), unsub).toBe(expected);
      expectSubscriptions(source.subscriptions).toBe(['^--!', '103ms ^--!']);
    });
  });

  it('should double the delay with every failure, up to the longest', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions, again }) => {
      const source = cold('-#');
      expectObservable(source.pipe(again({ initialDelay: 10, maxDelay: 50 })), '250ms !').toBe('');
      expectSubscriptions(source.subscriptions).toBe([
        '^!',
        '11ms ^!',
        '32ms ^!',
        '73ms ^!',
        '124ms ^!',
        '175ms ^!',
        '226ms ^!',
      ]);
    });
  });

  it('should leave a part of the delay to chance', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions, again }) => {
      const source = cold('-#');
      const chances = [0, 0.5, 0.999];
      const options = { initialDelay: 100, jitter: 0.5, random: () => chances.shift() ?? 0 };
      expectObservable(source.pipe(again(options)), '500ms !').toBe('');
      // 100 % of 100, 75 % of 200, 50 % of 400
      expectSubscriptions(source.subscriptions).toBe(['^!', '101ms ^!', '252ms ^!', '453ms ^!']);
    });
  });

  it('should begin anew with the delay after a connection that was stable', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions, again }) => {
      const attempts = [cold('#'), cold('#'), cold('a 49ms |'), cold('|')];
      const source = defer(() => attempts.shift() ?? cold('b'));
      const [, , stable, last] = attempts;
      const options = { initialDelay: 10, stableAfter: 50 };
      // 10 and 20 after the failures, 10 after the stable one, 20 after the next
      const expected = '30ms a 79ms b';
      expectObservable(source.pipe(again(options)), '150ms !').toBe(expected);
      expectSubscriptions(stable?.subscriptions ?? []).toBe('30ms ^ 49ms !');
      expectSubscriptions(last?.subscriptions ?? []).toBe('90ms (^!)');
    });
  });

  it('should not begin anew after a connection that was too short', () => {
    inMarbles(({ cold, expectObservable, again }) => {
      const source = cold('a|');
      const options = { initialDelay: 10, stableAfter: 50 };
      const expected = 'a 10ms a 20ms a 40ms a';
      expectObservable(source.pipe(again(options)), '90ms !').toBe(expected);
    });
  });

  it('should pass the last error on after the most attempts', () => {
    inMarbles(({ cold, expectObservable, again }) => {
      const source = cold('-#');
      expectObservable(source.pipe(again({ initialDelay: 10, maxAttempts: 2 }))).toBe('33ms #');
    });
  });

  it('should not try again at all without attempts', () => {
    inMarbles(({ cold, expectObservable, again }) => {
      expectObservable(cold('a-#').pipe(again({ maxAttempts: 0 }))).toBe('a-#');
      expectObservable(cold('a-|').pipe(again({ maxAttempts: 0 }))).toBe('a-|');
    });
  });

  it('should be content with an orderly end, if told so', () => {
    inMarbles(({ cold, expectObservable, again }) => {
      const attempts = [cold('#'), cold('-a-|')];
      const source = defer(() => attempts.shift() ?? cold('b'));
      expectObservable(source.pipe(again({ when: 'failure', initialDelay: 10 }))).toBe('10ms -a-|');
    });
  });

  it('should tell of every attempt beforehand', () => {
    const told: Reconnecting[] = [];
    inMarbles(({ cold, expectObservable, again }) => {
      const attempts = [cold('-#'), cold('a|')];
      const source = defer(() => attempts.shift() ?? cold('b'));
      const options = { initialDelay: 10, onReconnect: (attempt: Reconnecting) => told.push(attempt) };
      expectObservable(source.pipe(again(options)), '40ms !').toBe('11ms a 20ms b');
    });
    expect(told).toEqual([
      { attempt: 1, delay: 10, error: 'error' },
      { attempt: 2, delay: 20, error: undefined },
    ]);
  });

  it('should close the connection when it is unsubscribed from', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions, again }) => {
      const source = cold('a---');
      expectObservable(source.pipe(again()), '--!').toBe('a');
      expectSubscriptions(source.subscriptions).toBe('^-!');
    });
  });

  it('should cancel the next attempt when it is unsubscribed from', () => {
    inMarbles(({ cold, expectObservable, expectSubscriptions, again }) => {
      const source = cold('#');
      expectObservable(source.pipe(again()), '50ms !').toBe('');
      expectSubscriptions(source.subscriptions).toBe('(^!)');
    });
  });

  it('should start from nothing with every subscription', () => {
    inMarbles(({ cold, expectObservable, again }) => {
      const source = cold('-#').pipe(again({ initialDelay: 10, maxAttempts: 1 }));
      expectObservable(source).toBe('12ms #');
      expectObservable(source, '30ms ^').toBe('42ms #');
    });
  });

  it.each<[ReconnectOptions, string]>([
    [{ initialDelay: -1 }, 'initialDelay must be an integer from 0 to 2147483647, got -1'],
    [{ maxDelay: 1.5 }, 'maxDelay must be an integer from 0 to 2147483647, got 1.5'],
    [{ jitter: 2 }, 'jitter must be a number from 0 to 1, got 2'],
    [{ stableAfter: NaN }, 'stableAfter must be an integer from 0 to 2147483647, got NaN'],
    [{ maxAttempts: -1 }, 'maxAttempts must be an integer from 0 to 2147483647, got -1'],
    [{ when: 'never' as never }, "when must be one of 'always', 'failure', got \"never\""],
    [{ onReconnect: 1 as never }, 'onReconnect must be a function, got 1'],
    [{ random: 1 as never }, 'random must be a function, got 1'],
    [{ scheduler: {} as never }, 'scheduler must be an RxJS scheduler, got an object'],
  ])('should refuse %j', (options, message) => {
    expect(() => reconnect(options)).toThrow(`ERR_OPTION: ${message}`);
  });
});
