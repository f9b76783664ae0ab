import { describe, expect, it } from '@jest/globals';
import { runProgram } from './run-program.ts';

describe('TLS handshakes that come to nothing', () => {
  it('should leave no connection, lease, timer or socket, on either side', async () => {
    const result = await runProgram('tls-flood', [400]);

    expect(result).toMatchObject({
      closes: 902,
      settled: 402,
      leased: 0,

      timers: 0,
      sockets: 0,
    });
    expect(result['survivors']).toBeLessThan(10);
    expect(result['faults']).toBe('ECONNRESET ERR_TIMEOUT ERR_TLS_ALERT ERR_TLS_HANDSHAKE ERR_TLS_PLAIN');
  }, 60_000);
});
