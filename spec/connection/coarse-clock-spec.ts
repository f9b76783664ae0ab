import { describe, expect, it } from '@jest/globals';
import { asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { markingClock } from '../../lib/connection/coarse-clock.ts';

describe('the clock that marks what is received', () => {
  const clock = markingClock(asyncScheduler);

  it('should be right in virtual time directly after real time, and the other way round', () => {
    const before = clock.now();
    new TestScheduler(() => undefined).run(() => {
      clock.forget();
      expect(clock.now()).toBe(0);
    });
    clock.forget();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
  });

  it('should find back to real time after a virtual one that was broken off', () => {
    const run = () =>
      new TestScheduler(() => undefined).run(() => {
        clock.forget();
        clock.now();
        throw new Error('broken off');
      });
    expect(run).toThrow('broken off');
    for (let receives = 0; receives < 65; receives++) clock.now();
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
  });

  it('should not be asked more often than its ticks', () => {
    clock.forget();
    const readings = new Set(Array.from({ length: 60 }, () => clock.now()));
    expect(readings.size).toBe(1);
  });
});
