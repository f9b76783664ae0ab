import type { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { type Observable, Subject, type Subscription, firstValueFrom, map, of } from 'rxjs';
import { type Address, pack, toText } from '../../lib/index.ts';
import { bytesOf } from '../../lib/testing/marble/bytes-of.ts';
import { afterTest } from '../support/cleanup.ts';
import { plainClient, plainServer, read } from '../support/plain-net.ts';
import { type HeartbeatServerOptions, heartbeatClient, heartbeatServer } from './heartbeat.ts';

const ping = bytesOf(pack(), 'ping');
const pong = bytesOf(pack(), 'pong');

/** Runs a server until the test is over or it is stopped; answers with its port. */
function serve(
  options: HeartbeatServerOptions,
): Promise<{ port: number; server: Subscription; ends$: Observable<string> }> {
  return new Promise((resolve, reject) => {
    const ends$ = new Subject<string>();
    const onListening = ({ port = 0 }: Address) => resolve({ port, server, ends$ });
    const server = heartbeatServer({ host: '127.0.0.1', ...options, onListening })
      .pipe(map(({ reason }) => reason))
      .subscribe({ next: (reason) => ends$.next(reason), error: reject });
    afterTest(() => server.unsubscribe());
  });
}

/** Answers so many pings of a peer that says nothing else. */
function answerPings(socket: Socket, limit: number): void {
  let bytes = 0;
  let answered = 0;
  socket.on('data', (chunk) => {
    for (bytes += chunk.length; bytes >= ping.length && answered < limit; bytes -= ping.length) {
      socket.write(pong);
      answered++;
    }
  });
}

describe('the heartbeat protocol on real sockets', () => {
  it('should talk, and come back when the server does', async () => {
    const answer = (packet: string) => packet.toUpperCase();
    const first = await serve({ answer });
    const messages = new Subject<string>();
    const client = heartbeatClient(first.port, {
      idle: 20,
      patience: 5000,
      say$: of('hello'),
      reconnect: { initialDelay: 5, maxDelay: 20 },
    }).subscribe(messages);
    afterTest(() => client.unsubscribe());
    expect(await firstValueFrom(messages)).toBe('HELLO');
    first.server.unsubscribe();
    const again = firstValueFrom(messages);
    const second = await serve({ port: first.port, answer });
    expect(await again).toBe('HELLO');
    const end = firstValueFrom(second.ends$);
    client.unsubscribe();
    expect(await end).toBe('peer');
  });

  it('should ping while the server answers, and come back when it falls silent', async () => {
    const sockets: Socket[] = [];
    const cameBack = new Promise<void>((resolve, reject) => {
      plainServer((socket) => {
        answerPings(socket, 3);
        if (sockets.push(socket) === 2) resolve();
      }).then((port) => {
        const options = { idle: 10, patience: 300, reconnect: { initialDelay: 5 } };
        const client = heartbeatClient(port, options).subscribe({ error: reject });
        afterTest(() => client.unsubscribe());
      }, reject);
    });
    await cameBack;
    expect(sockets[0]?.bytesWritten).toBe(3 * pong.length);
    expect(sockets[0]?.bytesRead).toBeGreaterThanOrEqual(4 * ping.length);
  });

  it('should answer pings, and drop a peer that falls silent', async () => {
    const { port, ends$ } = await serve({ silence: 50 });
    const end = firstValueFrom(ends$);
    const socket = await plainClient(port);
    socket.write(ping.subarray(0, 5));
    socket.write(ping.subarray(5));
    expect(await read(socket, pong.length)).toBe(toText(pong));
    expect(await end).toBe('timeout');
  });
});
