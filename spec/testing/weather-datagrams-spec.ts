import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import type { DatagramWeather } from '../../lib/testing/weather/datagram-link.ts';
import { WeatherNetwork } from '../../lib/testing/weather/weather-network.ts';
import { Probe } from '../support/datagram-probe.ts';

/** A network in virtual time with a server that notes what it gets, and a client. */
function world(datagrams: DatagramWeather, seed = 1) {
  const scheduler = new VirtualTimeScheduler();
  const network = new WeatherNetwork({ scheduler, seed, datagrams });
  const server = new Probe(network, { port: 5555 });
  const client = new Probe(network, { port: 4444 });
  scheduler.flush();
  const log: string[] = [];
  server.onReceived = (bytes, { port }) =>
    log.push(`${scheduler.now()} ${port} ${Buffer.from(bytes).toString()}`);
  /** Sends so many datagrams, one per millisecond, and lets everything happen. */
  const talk = (many: number, from = client) => {
    for (let i = 0; i < many; i++) scheduler.schedule(() => from.sendTo(server, String(i), '127.0.0.1'), i);
    scheduler.flush();
  };
  return { scheduler, network, server, client, log, talk };
}

describe('datagrams in a WeatherNetwork', () => {
  it('should all arrive at once in calm weather', () => {
    const { log, network, talk } = world({});
    talk(3);
    expect(log).toEqual(['0 4444 0', '1 4444 1', '2 4444 2']);
    expect(network.datagramCounts).toEqual({ sent: 3, delivered: 3, lost: 0, duplicated: 0, tooLong: 0 });
  });

  it.each([0.1, 0.5, 1])('should be lost with a probability of %d', (loss) => {
    const { log, network, talk } = world({ loss });
    talk(2000);
    const { lost, delivered } = network.datagramCounts;
    expect(lost / 2000).toBeGreaterThan(loss - 0.05);
    expect(lost / 2000).toBeLessThan(loss + 0.05);
    expect(log.length).toBe(delivered);
    expect(lost + delivered).toBe(2000);
  });

  it('should come twice, each time with bytes of their own', () => {
    const { server, network, talk } = world({ duplicate: 0.3 });
    server.onReceived = (bytes) => bytes.fill(42);
    talk(1000);
    expect(network.datagramCounts.duplicated).toBeGreaterThan(200);
    expect(server.datagrams.length).toBe(1000 + network.datagramCounts.duplicated);
    expect(new Set(server.datagrams.map(({ buffer }) => buffer)).size).toBe(server.datagrams.length);
  });

  it('should overtake one that is held up', () => {
    const { server, talk } = world({ reorder: 0.3, reorderDelay: 5 });
    talk(100);
    const order = server.texts.map(Number);
    expect(order.length).toBe(100);
    expect(order).not.toEqual([...order].sort((a, b) => a - b));
  });

  it('should take their time', () => {
    const { log, talk } = world({ latency: 20 });
    talk(2);
    expect(log).toEqual(['20 4444 0', '21 4444 1']);
  });

  it('should find whoever has been bound in the meantime', () => {
    const { network, client, scheduler } = world({ latency: 20 });
    client.send('early', 6666, '127.0.0.1');
    let late: Probe | undefined;
    scheduler.schedule(() => (late = new Probe(network, { port: 6666 })), 10);
    scheduler.flush();
    expect(late?.texts).toEqual(['early']);
  });

  it('should be lost when they are longer than the MTU', () => {
    const { server, client, network, scheduler } = world({ mtu: 1000 });
    client.sendTo(server, new Uint8Array(1000), '127.0.0.1');
    client.sendTo(server, new Uint8Array(1001), '127.0.0.1');
    scheduler.flush();
    expect(server.datagrams.map(({ length }) => length)).toEqual([1000]);
    expect(network.datagramCounts.tooLong).toBe(1);
  });

  it('should not get through a partition, nor should any word that nobody is there', () => {
    const { log, network, client, scheduler, talk } = world({ latency: 10 });
    const lonely = new Probe(network, { peer: { host: '127.0.0.1', port: 9 } });
    scheduler.flush();
    network.datagrams({ partition: true });
    talk(3);
    lonely.send('anybody?');
    scheduler.flush();
    expect(log).toEqual([]);
    expect(lonely.faults).toEqual([]);
    expect(network.datagramCounts).toMatchObject({ sent: 4, lost: 4 });
    network.datagrams({ partition: false });
    lonely.send('anybody?');
    talk(1, client);
    expect(log.length).toBe(1);
    expect(lonely.faults[0]?.error.code).toBe('ECONNREFUSED');
  });

  it('should be lost when the partition comes while they are on their way', () => {
    const { log, network, client, server, scheduler } = world({ latency: 10 });
    client.sendTo(server, 'lost', '127.0.0.1');
    scheduler.schedule(() => network.datagrams({ partition: true }), 5);
    scheduler.flush();
    expect(log).toEqual([]);
    expect(network.datagramCounts.lost).toBe(1);
  });

  it('should have the weather of the port that they go to or come from', () => {
    const { log, network, client, server, scheduler, talk } = world({});
    const other = new Probe(network, { port: 6666 });
    network.datagrams({ loss: 1 }, 5555);
    talk(3);
    server.sendTo(client, 'lost', '127.0.0.1');
    client.sendTo(other, 'found', '127.0.0.1');
    scheduler.flush();
    expect([log, client.texts, other.texts]).toEqual([[], [], ['found']]);
    network.datagrams({ loss: 0 });
    talk(3);
    expect(log.length).toBe(3);
  });

  it('should have the weather of the receiver where both ends have one', () => {
    const { log, network, client, server, scheduler, talk } = world({});
    network.datagrams({ loss: 1 }, '127.0.0.1:5555');
    network.datagrams({ latency: 7, loss: 0 }, 4444);
    talk(1);
    server.sendTo(client, 'late', '127.0.0.1');
    const sent = scheduler.now();
    scheduler.flush();
    expect([log, client.texts, scheduler.now() - sent]).toEqual([[], ['late'], 7]);
  });

  it('should leave streams alone, and the other way round', () => {
    const { log, network, talk } = world({});
    network.weather({ partition: true });
    talk(1);
    expect(log.length).toBe(1);
  });

  it('should have the same fate with the same seed, and another with another', () => {
    const weather = { loss: 0.2, duplicate: 0.2, reorder: 0.2, jitter: 20 };
    const logOf = (seed: number) => {
      const { log, talk } = world(weather, seed);
      talk(200);
      return log;
    };
    expect(logOf(7)).toEqual(logOf(7));
    expect(logOf(7)).not.toEqual(logOf(8));
  });

  it('should have the same fate whoever else sends', () => {
    const fateOf = (crowd: boolean) => {
      const { network, log, talk, server, scheduler } = world({ loss: 0.3, jitter: 5 });
      talk(1);
      const other = new Probe(network, { port: 6666 });
      scheduler.flush();
      if (crowd) for (let i = 0; i < 50; i++) other.sendTo(server, 'noise', '127.0.0.1');
      talk(100);
      return log.map((line) => line.split(' ')).filter(([, port]) => port === '4444');
    };
    const quiet = fateOf(false).map(([, , text]) => text);
    expect(fateOf(true).map(([, , text]) => text)).toEqual(quiet);
  });

  it('should meet a weather of its own at each member of a group', () => {
    const { network, client, scheduler } = world({ loss: 0.5 });
    const cast = { ttl: 1, loop: true, interface: undefined, groups: ['239.1.2.3'], broadcast: false };
    const members = Array.from(
      { length: 3 },
      () => new Probe(network, { port: 7777, reuseAddress: true, cast }),
    );
    scheduler.flush();
    for (let i = 0; i < 64; i++) client.send(String(i), 7777, '239.1.2.3');
    scheduler.flush();
    const fates = members.map(({ texts }) => texts.join());
    expect(new Set(fates).size).toBe(3);
  });

  it('should count what sockets have sent that are long gone', () => {
    const { network, server, scheduler } = world({ latency: 1 });
    for (let i = 0; i < 500; i++) {
      const guest = new Probe(network);
      scheduler.flush();
      guest.sendTo(server, 'hello', '127.0.0.1');
      guest.close();
    }
    scheduler.flush();
    expect(server.datagrams.length).toBe(500);
    expect(network.datagramCounts).toMatchObject({ sent: 500, delivered: 500 });
  });

  it('should refuse illegal weather', () => {
    expect(() => new WeatherNetwork({ datagrams: { loss: 2 } })).toThrow(/^ERR_OPTION: weather.loss /);
    const { network } = world({});
    expect(() => network.datagrams({ rain: 1 } as never)).toThrow(/^ERR_OPTION: weather.rain /);
    expect(() => network.datagrams({ loss: 1 }, 'unix:somewhere')).toThrow(/^ERR_OPTION: at /);
  });
});
