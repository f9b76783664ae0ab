import type { SchedulerLike } from 'rxjs';
import type { Address } from '../../transport/address.ts';
import { Random } from '../random.ts';
import { Lane, type LaneOwner } from './lane.ts';
import { WeatherWire, type WireOwner } from './weather-wire.ts';
import { type ResolvedWeather, chance } from './weather.ts';

/** Something that has happened in a {@link WeatherNetwork}. */
export interface WeatherEvent {
  /** When, on the clock of the network's scheduler. */
  readonly time: number;
  /** Which attempt to connect it belongs to, counted from 1. */
  readonly connection: number;
  /**
   * `connect`: an attempt has begun; `refused`, `connected`: how it ended; `data`, `fin`, `rst`: they have arrived at
   * `side`; `close`: both directions have ended there; `vanish`: from now on nothing gets through.
   */
  readonly what: 'connect' | 'refused' | 'connected' | 'data' | 'fin' | 'rst' | 'close' | 'vanish';
  readonly side: 'client' | 'server';
  /** Bytes of `data`; otherwise 0. */
  readonly bytes: number;
}

/** What a link needs to know of its network. */
export interface LinkNetwork {
  readonly scheduler: SchedulerLike;
  readonly seed: number;
  readonly observe: ((event: WeatherEvent) => void) | undefined;
  /** The weather at an address. */
  weatherAt(key: string): ResolvedWeather;
  /** Nothing will happen on the link any more. */
  linkOver(link: Link): void;
}

/** One attempt to connect and the connection it becomes: two wires and a lane in each direction. */
export class Link implements LaneOwner, WireOwner {
  readonly scheduler: SchedulerLike;
  readonly random: Random;
  /** The address whose weather counts. */
  readonly key: string;
  vanished = false;
  client: WeatherWire | undefined;
  server: WeatherWire | undefined;

  private readonly network: LinkNetwork;
  private readonly number: number;
  private broken = false;

  constructor(network: LinkNetwork, number: number, key: string) {
    this.network = network;
    this.number = number;
    this.key = key;
    this.scheduler = network.scheduler;
    // Chance of its own, so that what happens on other connections changes nothing here.
    this.random = new Random(Math.imul(number, 0x9e37_79b1) ^ network.seed);
  }

  get weather(): ResolvedWeather {
    return this.network.weatherAt(this.key);
  }

  /** The connection is established. */
  establish(near: Address, far: Address): readonly [client: WeatherWire, server: WeatherWire] {
    const client = new WeatherWire(this, 'client', near, far);
    const server = new WeatherWire(this, 'server', far, near);
    client.peer = server;
    server.peer = client;
    client.lane = new Lane(this, (segments) => server.take(segments));
    server.lane = new Lane(this, (segments) => client.take(segments));
    this.client = client;
    this.server = server;
    return [client, server];
  }

  weatherChanged(): void {
    const { client, server } = this;
    client?.lane.weatherChanged();
    server?.lane.weatherChanged();
    client?.weatherChanged();
    server?.weatherChanged();
  }

  /** Nothing gets through any more, and nobody is told. */
  vanish(): void {
    if (this.vanished) return;
    this.vanished = true;
    this.note('vanish', 'client');
    this.client?.lane.weatherChanged();
    this.server?.lane.weatherChanged();
  }

  /** Resets both sides. */
  breakDown(): void {
    if (this.broken) return;
    this.broken = true;
    const reset = { reset: 'the network has reset the connection' };
    this.client?.lane.carry(reset);
    this.server?.lane.carry(reset);
  }

  roomBeforeReset(sent: number): number {
    const { resetAfter } = this.weather;
    // More than that is thrown away: the connection is lost already.
    return resetAfter === 0 || sent >= resetAfter ? Infinity : resetAfter - sent;
  }

  departed(_wire: WeatherWire, sent: number): void {
    const { resetAfter, reset, vanish } = this.weather;
    if (resetAfter > 0 && sent >= resetAfter) this.breakDown();
    else if (reset > 0 && chance(this.random) < reset) this.breakDown();
    else if (vanish > 0 && chance(this.random) < vanish) this.vanish();
  }

  observe(wire: WeatherWire, what: WeatherEvent['what'], bytes: number): void {
    this.note(what, wire.side, bytes);
  }

  note(what: WeatherEvent['what'], side: 'client' | 'server', bytes = 0): void {
    const { observe } = this.network;
    observe?.({ time: this.scheduler.now(), connection: this.number, what, side, bytes });
  }

  closed(): void {
    const { client, server } = this;
    if (client?.isClosed !== true || server?.isClosed !== true) return;
    client.lane.close();
    server.lane.close();
    this.network.linkOver(this);
  }
}
