import { describe, expect, it } from '@jest/globals';
import { runProgram } from './run-program.ts';

describe('leaks', () => {
  it('should leave no connection, lease, timer or socket after 10,000 connects and disconnects, resets included', async () => {
    const result = await runProgram('leaks', [10_000]);

    expect(result['made']).toBeGreaterThan(30_000);
    expect(result['survivors']).toBeLessThan(10);
    expect(result).toMatchObject({ closes: 10_500, leased: 0, timers: 0, sockets: 0 });
  }, 120_000);
});
