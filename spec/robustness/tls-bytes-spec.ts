import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { firstValueFrom } from 'rxjs';
import type { NetworkError } from '../../lib/base/errors.ts';
import { toText } from '../../lib/bytes/bytes-like.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import type { Hold } from '../../lib/flow/lease.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import { tcp } from '../../lib/transport/tcp.ts';
import type { Transport } from '../../lib/transport/wire.ts';
import { closedLater } from '../behaviour/world.ts';
import { afterTest } from '../support/cleanup.ts';
import { collect, difference, pattern } from '../support/patterns.ts';
import { plainClient, plainServer } from '../support/plain-net.ts';
import { echoServer, endingOf, identity, pem, tlsAgent } from '../support/tls-world.ts';

const HOST = '127.0.0.1';

const transports: Record<string, () => Transport> = { tcp: () => tcp, memory: () => new MemoryNetwork() };

for (const [transportName, makeTransport] of Object.entries(transports)) {
  describe(`TLS over ${transportName}`, () => {
    it('should lose nothing that is still to be read when both sides have ended', async () => {
      const transport = makeTransport();
      const { server, port } = await echoServer({}, { transport, halfOpen: true, bufferSize: 1000 });
      const agent = await tlsAgent({}, { transport, halfOpen: true });
      const accepted = firstValueFrom(server.handshake$);
      const near = await agent.connect({ host: HOST, port });
      const far = await accepted;
      const sent = pattern(100_000);
      const over = firstValueFrom(near.close$);
      const hold = far.flow.hold();
      const heard = collect(far.receive$);
      near.send(sent.subarray(0, 30_000));
      near.send(sent.subarray(30_000));
      near.end();
      far.end();
      // The last of it waits until everything is over below.
      const last = new Promise<Hold>((resolve) => {
        const waiting = far.receive$.subscribe(() => {
          if (far.bytesIn < 90_000) return;
          waiting.unsubscribe();
          resolve(far.flow.hold());
        });
      });
      hold.release();
      near.receive$.subscribe();
      await over;
      const held = await last;
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
      expect(far.bytesIn).toBeLessThan(sent.length);
      held.release();
      expect(difference(await heard, sent)).toBe('nowhere');
    });

    it('should carry much both ways at once, however it is held up and cut', async () => {
      const transport = makeTransport();
      const options = { transport, halfOpen: true, bufferSize: 1500 };
      const server = closedLater(new TcpServer({ host: HOST, tls: identity('server'), ...options }));
      const { port = 0 } = (await server.start()) as { port?: number };
      const agent = await tlsAgent({}, options);
      const accepted = firstValueFrom(server.handshake$);
      const near = await agent.connect({ host: HOST, port });
      const both = [near, await accepted].map((connection, seed) => {
        let chunks = 0;
        connection.receive$.subscribe(() => {
          if (++chunks % 50 !== 0) return;
          const hold = connection.flow.hold();
          setImmediate(() => hold.release());
        });
        return { connection, heard: collect(connection.receive$), says: pattern(1_000_000, seed + 1) };
      });
      for (const { connection, says } of both) {
        for (let at = 0; at < says.length; at += 33_333) connection.send(says.subarray(at, at + 33_333));
        connection.end();
      }
      const [one, other] = both as [(typeof both)[number], (typeof both)[number]];
      expect(difference(await one.heard, other.says)).toBe('nowhere');
      expect(difference(await other.heard, one.says)).toBe('nowhere');
    });
  });
}

describe('startTls in the middle of a chunk', () => {
  it.each([9, 10, 12, 100, 65_536])(
    'should put what was read too far before the rest of the chunk (bufferSize %d)',
    async (bufferSize) => {
      const tls = { ...identity('server'), handshake: 'manual' } as const;
      const server = closedLater(new TcpServer({ host: HOST, tls, bufferSize }));
      const { port = 0 } = (await server.start()) as { port?: number };
      server.receive$.subscribe(({ connection, data }) => {
        if (connection.tls !== undefined) {
          connection.send(data);
        } else {
          expect(toText(data.subarray(0, 9))).toBe('STARTTLS\n');
          // As a server that has something to say first.
          if (bufferSize > 9) connection.send('220 go\n');
          void connection.startTls({ early: data.subarray(9) });
        }
      });
      const prefix = bufferSize > 9 ? 7 : 0;
      const through = await plainServer((socket) => {
        void plainClient(port).then((onward) => {
          // The command and the hello leave as one segment.
          socket.once('data', (hello: Buffer) => {
            onward.write(Buffer.concat([Buffer.from('STARTTLS\n'), hello]));
            socket.pipe(onward);
          });
          let skipped = 0;
          onward.on('data', (bytes: Buffer) => {
            const skip = Math.min(prefix - skipped, bytes.length);
            skipped += skip;
            socket.write(bytes.subarray(skip));
          });
          onward.on('end', () => socket.end());
        });
      });
      const secure = connect({ port: through, ca: pem('ca'), servername: 'localhost' });
      afterTest(() => secure.destroy());
      secure.write('ping');
      const [answer] = (await once(secure, 'data')) as [Buffer];
      expect(String(answer)).toBe('ping');
    },
  );

  it('should not begin when the connection is cut off in the same turn', async () => {
    const { server, port } = await echoServer({ handshake: 'manual' });
    const ended = firstValueFrom(server.close$);
    const starting = new Promise<string>((resolve) => {
      server.accept$.subscribe((connection) => {
        resolve(
          connection.startTls().then(
            () => 'resolved',
            (error: unknown) => (error as NetworkError).code,
          ),
        );
        connection.disconnect(true);
      });
    });
    await plainClient(port);
    expect(await starting).toBe('ERR_CLOSED');
    expect(endingOf(await ended)).toEqual({ reason: 'forced' });
  });
});

describe('a stream that somebody damages', () => {
  for (const direction of ['to the server', 'to the client'] as const) {
    it(`should end with an error of TLS and never deliver a wrong byte: ${direction}`, async () => {
      const { server, port } = await echoServer({}, { timeouts: { handshake: 200 } });
      const agent = await tlsAgent({}, { timeouts: { handshake: 200 } });
      const codes = new Set<string>();
      for (const { faults$ } of [server, agent]) faults$.subscribe(({ error }) => codes.add(error.code));
      const wrong: number[] = [];
      for (const at of [1, 5, 9, 60, 300, 900, 1700, 2500, 4000]) {
        const relayed = await plainServer((socket) => {
          void plainClient(port).then((onward) => {
            const [from, to] = direction === 'to the server' ? [socket, onward] : [onward, socket];
            to.pipe(from);
            let seen = 0;
            from.on('data', (bytes: Buffer) => {
              if (seen <= at && at < seen + bytes.length)
                bytes.writeUInt8(bytes.readUInt8(at - seen) ^ 0x41, at - seen);
              seen += bytes.length;
              to.write(bytes);
            });
            socket.on('close', () => onward.destroy());
            onward.on('close', () => socket.destroy());
          });
        });
        const bothEnded = Promise.all([firstValueFrom(server.close$), firstValueFrom(agent.close$)]);
        agent.connect({ host: HOST, port: relayed }, { serverName: 'localhost' }).then(
          (connection) => {
            connection.receive$.subscribe({
              next: (bytes) => wrong.push(...bytes.filter((byte) => byte !== 7)),
              error: () => undefined,
            });
            connection.send(Buffer.alloc(6000, 7));
          },
          () => undefined,
        );
        await bothEnded;
      }
      expect(wrong).toEqual([]);
      expect([...codes].filter((code) => !/^ERR_TLS_|^ERR_TIMEOUT$|^ECONNRESET$|^EPIPE$/.test(code))).toEqual(
        [],
      );
      expect([...codes]).toContain('ERR_TLS_HANDSHAKE');
      expect(server.connections.size + agent.connections.size).toBe(0);
    });
  }
});
