import { describe, expect, it } from '@jest/globals';
import { fileLimit, runProgram } from './run-program.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

describe('memory', () => {
  it('should stay within maxPending when a peer never reads', async () => {
    const result = await runProgram('never-reads');

    expect(result).toMatchObject({ fault: 'ERR_SEND_OVERFLOW' });
    expect(result['congested']).toBeGreaterThan(0);
    expect(result['pending']).toBeLessThanOrEqual(16 * MIB);
    expect(result['grown']).toBeLessThan(128 * MIB);
  }, 60_000);

  it('should stay within the high mark and one read when a handler is slower than its peer', async () => {
    const result = await runProgram('slow-handler', [GIB]);

    expect(result).toMatchObject({ received: GIB, left: 0 });
    expect(result['mostLeased']).toBeLessThanOrEqual((256 + 64) * KIB);
    expect(result['mostItems']).toBeLessThanOrEqual(1024 + 1);
    expect(result['grown']).toBeLessThan(128 * MIB);
  }, 180_000);

  it('should cost little for peers that connect and stay silent, and serve them when they speak', async () => {
    const peers = Math.min(10_000, fileLimit - 500);

    const result = await runProgram('silent-peers', [peers]);

    expect(result).toMatchObject({ left: 0 });
    expect(result['rssPerPeer']).toBeLessThan(8 * KIB);
  }, 120_000);
});
