import { it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import { plainClient } from '../support/plain-net.ts';
import { echoServer, endingOf } from '../support/tls-world.ts';
it('x', async () => {
  for (const n of [0, 2, 40]) for (const tick of [0, 1, 2,3]) {
    const echo = await echoServer();
    const acc = firstValueFrom(echo.server.accept$);
    const end = echo.nextClose();
    const s = await plainClient(echo.port);
    if (n) s.write(Buffer.concat([Buffer.from('1603010100010000fc0303', 'hex'), Buffer.alloc(100)]).subarray(0, n));
    await acc;
    for (let i = 0; i < tick; i++) await new Promise(r => setImmediate(r));
    s.resetAndDestroy();
    const c = await end;
    process.stdout.write(`${n} ${tick} ${JSON.stringify(endingOf(c))} ${c.error?.cause} ${(c.error?.cause as any)?.syscall}\n`);
  }
});
