import { describe, expect, it } from '@jest/globals';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { TcpAgent } from '../../lib/component/tcp-agent.ts';
import { TcpServer } from '../../lib/component/tcp-server.ts';
import { sendTo } from '../../lib/connection/send-to.ts';
import { WeatherNetwork } from '../../lib/testing/weather/weather-network.ts';
import type { Weather } from '../../lib/testing/weather/weather.ts';
import { MemoryNetwork } from '../../lib/transport/memory.ts';
import type { Transport } from '../../lib/transport/wire.ts';
import { closedLater } from '../behaviour/world.ts';
import { collect, difference, pattern } from '../support/patterns.ts';

const certificates = new URL('../../samples/certificates/', import.meta.url).pathname;

async function secureWorld<T extends Transport>(transport: T) {
  const tls = { certFile: `${certificates}server.pem`, keyFile: `${certificates}server-key.pem` };
  const server = closedLater(new TcpServer({ transport, port: 1, tls }));
  const agent = closedLater(new TcpAgent({ transport, tls: { caFile: `${certificates}ca.pem` } }));
  server.handshake$.subscribe((connection) => {
    connection.receive$.pipe(sendTo(connection, { end: true })).subscribe({ error: () => undefined });
  });
  await server.start();
  await agent.start();
  return { transport, server, agent };
}

describe('TLS under weather', () => {
  const weathers: [string, Weather][] = [
    ['cut into a few bytes', { segment: 25 }],
    ['cut at random and late', { segment: 700, latency: 1, jitter: 3 }],
    ['on a narrow path', { bandwidth: 4_000_000, segment: 1400 }],
    ['with small windows', { window: 3000 }],
  ];
  for (const [name, weather] of weathers) {
    it(`should carry everything, ${name}`, async () => {
      const { agent } = await secureWorld(new WeatherNetwork({ weather }));
      const near = await agent.connect('localhost:1');
      const sent = pattern(weather.segment === 25 ? 5_000 : 200_000);
      const back = collect(near.receive$);
      near.send(sent);
      near.end();
      expect(difference(await back, sent)).toBe('nowhere');
    });
  }

  it('should carry everything byte by byte', async () => {
    const { agent } = await secureWorld(new MemoryNetwork({ readSize: 1 }));
    const near = await agent.connect('localhost:1');
    const sent = pattern(20_000);
    const back = collect(near.receive$);
    near.send(sent);
    near.end();
    expect(difference(await back, sent)).toBe('nowhere');
  });

  it('should end on both sides, wherever the connection is reset', async () => {
    const { transport, server, agent } = await secureWorld(new WeatherNetwork({ weather: { segment: 100 } }));
    const reasons = new Set<string>();
    for (let bytes = 150; bytes < 3000; bytes += 150) {
      transport.weather({ resetAfter: bytes });
      const closed = firstValueFrom(agent.close$);
      agent.connect('localhost:1').then(
        (near) => {
          near.receive$.subscribe({ error: () => undefined });
          near.send(pattern(5000));
        },
        () => undefined,
      );
      const { reason } = await closed;
      reasons.add(reason);
    }
    while (server.connections.size > 0) await lastValueFrom([...server.connections.values()][0]!.close$);
    expect([...reasons].sort()).toEqual(['reset', 'tls']);
    expect([agent.connections.size, transport.connections]).toEqual([0, 0]);
    transport.weather({ resetAfter: 0 });
    const near = await agent.connect('localhost:1');
    near.send('alive');
    near.end();
    expect((await collect(near.receive$)).toString()).toBe('alive');
  });
});
