import { describe, expect, it } from '@jest/globals';
import { VirtualTimeScheduler } from 'rxjs';
import { DatagramLink, type DatagramWeather } from '../../lib/testing/weather/datagram-link.ts';

/** Sends datagrams `a`, `b`, `c`, … one per millisecond; answers with what arrived when. */
function carry(weather: DatagramWeather, many = 5, seed = 1) {
  const scheduler = new VirtualTimeScheduler();
  const arrived: string[] = [];
  const link = new DatagramLink<string>((datagram) => arrived.push(`${scheduler.now()}${datagram}`), {
    scheduler,
    weather,
    seed,
  });
  for (let i = 0; i < many; i++)
    scheduler.schedule(() => link.send(String.fromCharCode(97 + (i % 26)).repeat(1 + (i % 7))), i);
  scheduler.flush();
  return { arrived, link, order: arrived.map((text) => text.replace(/\d+/, '')) };
}

describe('DatagramLink', () => {
  it('should deliver everything in order and at once in calm weather', () => {
    const { arrived, link } = carry({}, 3);
    expect(arrived).toEqual(['0a', '1bb', '2ccc']);
    expect(link.counts).toEqual({ sent: 3, delivered: 3, lost: 0, duplicated: 0, tooLong: 0 });
    expect(link.pending).toBe(0);
  });

  it('should never deliver from inside send', () => {
    const scheduler = new VirtualTimeScheduler();
    const arrived: string[] = [];
    new DatagramLink<string>((datagram) => arrived.push(datagram), { scheduler }).send('a');
    expect(arrived).toEqual([]);
    scheduler.flush();
    expect(arrived).toEqual(['a']);
  });

  it('should take its time, and keep the order in spite of jitter', () => {
    expect(carry({ latency: 20 }, 3).arrived).toEqual(['20a', '21bb', '22ccc']);
    const { order, arrived } = carry({ latency: 5, jitter: 50 }, 26);
    expect(order.map((text) => text[0]).join('')).toBe('abcdefghijklmnopqrstuvwxyz');
    expect(arrived.some((text) => parseInt(text, 10) > 30)).toBe(true);
  });

  it.each([0.1, 0.5, 1])('should lose a part of %d', (loss) => {
    const { link, arrived } = carry({ loss }, 2000);
    expect(link.counts.lost / 2000).toBeGreaterThan(loss - 0.05);
    expect(link.counts.lost / 2000).toBeLessThan(loss + 0.05);
    expect(arrived.length).toBe(2000 - link.counts.lost);
  });

  it('should deliver some twice', () => {
    const { link, arrived } = carry({ duplicate: 0.3, jitter: 5 }, 1000);
    expect(arrived.length).toBe(1000 + link.counts.duplicated);
    expect(link.counts.duplicated).toBeGreaterThan(200);
    expect(link.counts.duplicated).toBeLessThan(400);
  });

  it('should let datagrams overtake one that is held up', () => {
    const { order, link } = carry({ reorder: 0.3, reorderDelay: 3 }, 26);
    const letters = order.map((text) => text[0]);
    expect(letters).not.toEqual([...letters].sort());
    expect([...letters].sort().join('')).toBe('abcdefghijklmnopqrstuvwxyz');
    expect(link.counts).toMatchObject({ sent: 26, delivered: 26 });
  });

  it('should lose what is longer than the MTU, and nothing that is not', () => {
    const { order, link } = carry({ mtu: 3 }, 7);
    expect(order).toEqual(['a', 'bb', 'ccc']);
    expect(link.counts).toEqual({ sent: 7, delivered: 3, lost: 0, duplicated: 0, tooLong: 4 });
  });

  it('should measure as it is told to', () => {
    const scheduler = new VirtualTimeScheduler();
    const weather = { mtu: 10 };
    const link = new DatagramLink<string>(() => undefined, {
      scheduler,
      weather,
      sizeOf: (text) => text.length * 2,
    });
    link.send('12345');
    link.send('123456');
    expect(link.counts).toMatchObject({ sent: 2, tooLong: 1 });
  });

  it('should lose what is on its way when a partition comes, and go on afterwards', () => {
    const scheduler = new VirtualTimeScheduler();
    const arrived: string[] = [];
    const link = new DatagramLink<string>((datagram) => arrived.push(datagram), {
      scheduler,
      weather: { latency: 10 },
    });
    link.send('a');
    scheduler.schedule(() => link.weather({ partition: true }), 5);
    scheduler.schedule(() => link.send('b'), 6);
    scheduler.schedule(() => link.weather({ partition: false }), 20);
    scheduler.schedule(() => link.send('c'), 21);
    scheduler.flush();
    expect(arrived).toEqual(['c']);
    expect(scheduler.now()).toBe(31);
    expect(link.counts).toMatchObject({ sent: 3, delivered: 1, lost: 2 });
  });

  it('should leave no timer when it is closed', () => {
    const scheduler = new VirtualTimeScheduler();
    const link = new DatagramLink(() => undefined, { scheduler, weather: { latency: 1000 } });
    link.send(Uint8Array.of(1));
    link.close();
    link.send(Uint8Array.of(2));
    scheduler.flush();
    expect(link.counts).toMatchObject({ sent: 2, delivered: 0, lost: 2 });
    expect(link.pending).toBe(0);
  });

  it('should do the same with the same seed, and something else with another', () => {
    const weather = { loss: 0.2, duplicate: 0.2, reorder: 0.2, jitter: 20 };
    expect(carry(weather, 100, 7).arrived).toEqual(carry(weather, 100, 7).arrived);
    expect(carry(weather, 100, 7).arrived).not.toEqual(carry(weather, 100, 8).arrived);
  });

  it('should refuse illegal options', () => {
    const make = (weather: object) => () => new DatagramLink(() => undefined, { weather });
    expect(make({ loss: 2 })).toThrow('ERR_OPTION: weather.loss must be a number from 0 to 1, got 2');
    expect(make({ rain: 1 })).toThrow('ERR_OPTION: weather.rain must be left out: no such option');
  });
});
