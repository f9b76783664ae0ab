import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { switchMap, tap } from 'rxjs';
import { handleEach } from '../../lib/component/handle-each.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { runOn } from '../../lib/pool/run-on.ts';
import { RandomBytes } from '../sys/random-bytes.ts';
import { afterTest } from '../support/cleanup.ts';
import { Latch, pass } from './latch.ts';
import { startedPool } from './new-pool.ts';

const KIB = 1024;
const TOTAL = 8 * 1024 * KIB;

describe('a flood of tasks from a socket', () => {
  it('should stay bounded while the pool is busy, and come back whole and in order', async () => {
    const pool = await startedPool({ threadCount: 2, maxQueueSize: 4 });
    const server = new TcpServer({ host: '127.0.0.1' });
    afterTest(() => server[Symbol.asyncDispose]());
    const latch = new Latch();
    const blocked = [0, 1].map(() => pool.submit(pass, { memory: latch.memory, answer: '' }));
    await latch.arrived(2);
    let mostLeased = 0;
    let mostQueued = 0;
    // Only when the socket is paused, the pool begins to work.
    server.accept$.pipe(switchMap(({ flow }) => flow.paused$)).subscribe((paused) => paused && latch.open());
    server.accept$
      .pipe(
        handleEach((connection) => {
          const look = () => {
            mostLeased = Math.max(mostLeased, connection.flow.leased);
            mostQueued = Math.max(mostQueued, pool.queueSize + pool.waitingCount);
          };
          return connection.receive$.pipe(
            tap(look),
            runOn(pool, (chunk: Uint8Array) => chunk),
            tap(look),
            sendTo(connection, { end: true }),
          );
        }),
      )
      .subscribe();
    const { port = 0 } = await server.start();
    const sent = new RandomBytes(7).take(TOTAL);
    const received = await exchange(port, sent);
    await Promise.all(blocked);
    expect(received).toBe(createHash('sha1').update(sent).digest('hex'));
    expect(mostLeased).toBeLessThanOrEqual((256 + 64) * KIB);
    expect(mostQueued).toBeLessThanOrEqual(4);
    expect(server.flow.total).toBe(0);
  }, 30_000);
});

/** Sends bytes and answers with a hash of what comes back. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const hash = createHash('sha1');
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', reject);
    socket.on('data', (chunk) => hash.update(chunk));
    socket.on('end', () => resolve(hash.digest('hex')));
    socket.end(bytes);
  });
}
