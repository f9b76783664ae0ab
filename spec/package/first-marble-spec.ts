import { MemoryNetwork, TcpClient, TcpServer } from 'hpsocket-rx';
import { expect, it } from '@jest/globals';
import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

it('should close a connection whose peer is silent for half a minute', () => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(({ expectObservable }) => {
    const transport = new MemoryNetwork();
    const server = new TcpServer({ transport, port: 5555, timeouts: { readIdle: 30_000 } });
    server.receive$.subscribe();
    void server.start();
    const client = new TcpClient({ transport, to: 5555 });
    void client.start();

    const reasons$ = server.close$.pipe(map(({ reason }) => reason));
    expectObservable(reasons$).toBe('30s r', { r: 'timeout' });
  });
});
