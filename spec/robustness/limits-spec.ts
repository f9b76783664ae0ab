import { describe, expect, it } from '@jest/globals';
import { runProgram } from './run-program.ts';

describe('limits of the system', () => {
  it('should refuse to connect and go on listening when file descriptors run out', async () => {
    const result = await runProgram('emfile', [], 200);

    expect(result).toEqual({ refused: 'EMFILE', during: 0, state: 'started', after: true });
  }, 60_000);
});
