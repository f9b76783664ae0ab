import { type SchedulerLike, type Subscription, asyncScheduler } from 'rxjs';
import { NetworkError, OptionError } from '../../base/errors.ts';
import { anything, callback, having, integer, table } from '../../base/options.ts';
import {
  type Address,
  type Endpoint,
  type EndpointLike,
  formatAddress,
  parseEndpoint,
} from '../../transport/address.ts';
import type {
  DatagramHandler,
  DatagramRequest,
  DatagramSocket,
  DatagramTransport,
} from '../../transport/datagram.ts';
import { MemoryDatagrams } from '../../transport/memory-datagrams.ts';
import { inetOf, isKnownHost } from '../../transport/memory-hosts.ts';
import type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  ListenHandler,
  ListenRequest,
  Listening,
  Transport,
} from '../../transport/wire.ts';
import type { DatagramCounts, DatagramWeather } from './datagram-link.ts';
import { DatagramRoads } from './datagram-roads.ts';
import { delayOf } from './lane.ts';
import { Link, type LinkNetwork, type WeatherEvent } from './link.ts';
import type { WeatherWire } from './weather-wire.ts';
import { type ResolvedWeather, type Weather, chance, checkChange, checkWeather } from './weather.ts';

/** Options of a {@link WeatherNetwork}. */
export interface WeatherNetworkOptions {
  /**
   * Clock of the network, and when everything arrives.
   * @default asyncScheduler, which is virtual inside `TestScheduler.run`
   */
  readonly scheduler?: SchedulerLike;
  /**
   * Where chance begins; the same seed makes the same weather. 0 to 2^32 - 1.
   * @default 1
   */
  readonly seed?: number;
  /**
   * The weather for streams.
   * @default calm; see {@link Weather}
   */
  readonly weather?: Weather;
  /**
   * The weather for datagrams.
   * @default calm; see {@link DatagramWeather}
   */
  readonly datagrams?: DatagramWeather;
  /** Told of everything that happens to connections; for logs and traces. */
  readonly observe?: ((event: WeatherEvent) => void) | undefined;
}

const checkOptions = table<WeatherNetworkOptions>({
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asyncScheduler),
  seed: integer({ min: 0, max: 2 ** 32 - 1, fallback: 1 }),
  weather: anything() as never,
  datagrams: anything() as never,
  observe: callback<(event: WeatherEvent) => void>(),
});

const FIRST_PORT = 49_152;

/**
 * A network inside the process with weather: latency, narrow bandwidth, cut and joined bytes, full windows, refused
 * connects, partitions, resets, peers that do not read and peers that vanish. All of it is made by a seed, on an RxJS
 * scheduler, so that a bad day can be repeated. In calm weather, which is the default, it behaves as a network does.
 *
 * Hosts are IP addresses of any kind and `localhost`; other names are unknown (`ENOTFOUND`). Every network has its
 * own ports, 16384 of them for those who connect.
 *
 * Datagrams have a weather of their own: loss, duplication, reordering, latency, an MTU and partitions, for each pair
 * of sender and receiver by itself. Otherwise they behave as in a `MemoryNetwork`, except that nothing limits how much
 * is on its way.
 *
 * @example
 * const transport = new WeatherNetwork({ seed: 7, weather: { latency: 20, jitter: 10, segment: 1400 } });
 * const server = new TcpServer({ transport, port: 5555 });
 * const agent = new TcpAgent({ transport });
 * transport.weather({ partition: true }); // and nothing gets through
 * transport.weather({ partition: false });
 * transport.datagrams({ loss: 0.1, latency: 20 }); // and UDP has a bad day, too
 */
export class WeatherNetwork implements Transport, DatagramTransport {
  private readonly scheduler: SchedulerLike;
  private readonly listeners = new Map<string, Listener>();
  private readonly links = new Set<Link>();
  private readonly held = new Set<Attempt>();
  private readonly local = new Map<string, ResolvedWeather>();
  private readonly usedPorts = new Set<number>();
  private readonly ground: LinkNetwork;
  private readonly roads: DatagramRoads;
  private readonly sockets: MemoryDatagrams;
  private general: ResolvedWeather;
  private attempts = 0;
  private picked = 0;

  /** @throws OptionError (`ERR_OPTION`) for an illegal option. */
  constructor(options: WeatherNetworkOptions = {}) {
    const { scheduler, seed, weather, datagrams, observe } = checkOptions(options);
    this.scheduler = scheduler;
    this.general = checkWeather(weather);
    this.ground = {
      scheduler,
      seed,
      observe,
      weatherAt: (key) => this.local.get(key) ?? this.general,
      linkOver: (link) => this.forget(link),
    };
    this.roads = new DatagramRoads({ scheduler, seed, weather: datagrams });
    this.sockets = new MemoryDatagrams(scheduler, this.roads);
  }

  /** Connections of which at least one side has not ended. */
  get connections(): number {
    return this.links.size;
  }

  /**
   * Changes the weather from now on, for connections that there are and those to come. What is left out stays as it is.
   *
   * @param at The address that is listened at, whose connections it concerns.
   * @default all of them, even those at addresses with a weather of their own
   * @throws OptionError (`ERR_OPTION`)
   *
   * @example
   * network.weather({ latency: 300 });
   * network.weather({ partition: true }, 5555);
   */
  weather(change: Weather, at?: EndpointLike): void {
    const checked = checkChange(change);
    const key = at === undefined ? undefined : keyOf(parseEndpoint(at, 'at'));
    if (key === undefined) {
      this.general = { ...this.general, ...checked };
      for (const [known, weather] of this.local) this.local.set(known, { ...weather, ...checked });
    } else {
      this.local.set(key, { ...this.ground.weatherAt(key), ...checked });
    }
    for (const link of [...this.links]) if (key === undefined || link.key === key) link.weatherChanged();
    for (const attempt of [...this.held])
      if (key === undefined || attempt.link.key === key) this.begin(attempt);
  }

  /**
   * Changes the weather for datagrams that are sent from now on; a partition also swallows those on their way. What is
   * left out stays as it is.
   *
   * @param at An address with a port; datagrams to and from this port are concerned. Where both ends have a weather of
   * their own, that of the receiver counts.
   * @default all of them, even those at addresses with a weather of their own
   * @throws OptionError (`ERR_OPTION`)
   *
   * @example
   * network.datagrams({ loss: 0.3, duplicate: 0.1 });
   * network.datagrams({ partition: true }, 5555);
   */
  datagrams(change: DatagramWeather, at?: EndpointLike): void {
    const port = at === undefined ? undefined : parseEndpoint(at, 'at').port;
    if (at !== undefined && port === undefined) throw new OptionError('at', at, 'an address with a port');
    this.roads.change(change, port);
  }

  /**
   * What has happened to datagrams so far. Those that were delivered have come to the address to which they were sent,
   * whether or not somebody was bound there.
   */
  get datagramCounts(): DatagramCounts {
    return this.roads.counts;
  }

  /** Resets the connections to an address, or all of them. */
  reset(at?: EndpointLike): void {
    for (const link of this.linksTo(at)) link.breakDown();
  }

  /**
   * Makes the connections to an address, or all of them, half-open: nothing gets through on them any more, ever, and
   * neither side is told. New connections are not affected.
   */
  vanish(at?: EndpointLike): void {
    for (const link of this.linksTo(at)) link.vanish();
  }

  listen(request: ListenRequest, handler: ListenHandler): Listening {
    const bound = this.placeOf(request.endpoint);
    const key = keyOf(bound);
    const listener = new Listener(request.maxConnections, handler);
    const taken = this.listeners.has(key);
    if (!taken) this.listeners.set(key, listener);
    const starting = this.scheduler.schedule(() => {
      if (!taken) handler.listening(bound);
      else handler.failed(failure('EADDRINUSE', `${formatAddress(bound)} is in use`, 'accept'));
    });
    return {
      close: () => {
        starting.unsubscribe();
        listener.closed = true;
        if (this.listeners.get(key) === listener) this.listeners.delete(key);
      },
    };
  }

  connect(request: ConnectRequest, handler: ConnectHandler): Connecting {
    const link = new Link(this.ground, ++this.attempts, keyOf(request.endpoint));
    const attempt: Attempt = { request, handler, link, timer: undefined };
    link.note('connect', 'client');
    this.begin(attempt);
    return {
      abort: () => {
        attempt.timer?.unsubscribe();
        this.held.delete(attempt);
      },
    };
  }

  bind(request: DatagramRequest, handler: DatagramHandler): DatagramSocket {
    return this.sockets.bind(request, handler);
  }

  private begin(attempt: Attempt): void {
    const { link } = attempt;
    const { weather } = link;
    this.held.delete(attempt);
    attempt.timer?.unsubscribe();
    if (weather.partition) {
      this.held.add(attempt);
      return;
    }
    const round = weather.connectDelay + delayOf(link) + weather.latency;
    attempt.timer = this.scheduler.schedule(() => this.arrive(attempt), round);
  }

  private arrive(attempt: Attempt): void {
    const { request, handler, link } = attempt;
    if (link.weather.partition) {
      this.held.add(attempt);
      return;
    }
    const error = this.refusal(request.endpoint, link);
    if (error === undefined) {
      this.join(request, link, handler);
    } else {
      link.note('refused', 'client');
      handler.failed(error);
    }
  }

  private refusal(endpoint: Endpoint, link: Link): NetworkError | undefined {
    if (endpoint.host !== undefined && !isKnownHost(endpoint.host))
      return failure('ENOTFOUND', `${endpoint.host} is unknown`, 'connect');
    if (!this.listeners.has(link.key))
      return failure('ECONNREFUSED', `nobody listens at ${formatAddress(endpoint)}`, 'connect');
    const { refuse } = link.weather;
    if (refuse > 0 && chance(link.random) < refuse)
      return failure('ECONNREFUSED', `the weather at ${formatAddress(endpoint)} is bad`, 'connect');
    return undefined;
  }

  private join(request: ConnectRequest, link: Link, handler: ConnectHandler): void {
    const { endpoint, localAddress, localPort } = request;
    const listener = this.listeners.get(link.key) as Listener;
    const near: Address =
      endpoint.path === undefined
        ? inetOf(localAddress ?? '127.0.0.1', localPort === 0 ? this.pickPort() : localPort)
        : { family: 'unix', path: '' };
    const far: Address =
      endpoint.path === undefined
        ? inetOf(endpoint.host ?? '127.0.0.1', endpoint.port)
        : { family: 'unix', path: endpoint.path };
    if (near.port !== undefined) this.usedPorts.add(near.port);
    const [client, server] = link.establish(near, far);
    this.links.add(link);
    link.note('connected', 'client');
    // As with a socket, connecting succeeds even if the listener then turns the peer away.
    handler.connected(client);
    listener.take(server);
  }

  private linksTo(at: EndpointLike | undefined): Link[] {
    const key = at === undefined ? undefined : keyOf(parseEndpoint(at, 'at'));
    return [...this.links].filter((link) => key === undefined || link.key === key);
  }

  private forget(link: Link): void {
    this.links.delete(link);
    const { port } = link.client?.local ?? {};
    if (port !== undefined) this.usedPorts.delete(port);
  }

  private placeOf(endpoint: Endpoint): Address {
    if (endpoint.path !== undefined) return { family: 'unix', path: endpoint.path };
    return inetOf(endpoint.host ?? '0.0.0.0', endpoint.port === 0 ? this.pickPort() : endpoint.port);
  }

  /** The next of the ports that are nobody's own (RFC 6335 section 6), round and round. */
  private pickPort(): number {
    const many = 65_536 - FIRST_PORT;
    for (let tries = 0; tries < many; tries++) {
      const port = FIRST_PORT + (this.picked++ % many);
      if (!this.usedPorts.has(port) && !this.listeners.has(String(port))) return port;
    }
    return FIRST_PORT + (this.picked++ % many);
  }
}

/** An attempt to connect. */
interface Attempt {
  readonly request: ConnectRequest;
  readonly handler: ConnectHandler;
  readonly link: Link;
  timer: Subscription | undefined;
}

class Listener {
  closed = false;
  private readonly maxConnections: number;
  private readonly handler: ListenHandler;
  private connections = 0;

  constructor(maxConnections: number, handler: ListenHandler) {
    this.maxConnections = maxConnections;
    this.handler = handler;
  }

  take(wire: WeatherWire): void {
    if (this.closed) {
      wire.reset();
    } else if (this.connections >= this.maxConnections) {
      this.handler.turnedAway(wire.remote);
      wire.destroy();
    } else {
      this.connections++;
      wire.whenClosed = () => this.connections--;
      this.handler.accepted(wire);
    }
  }
}

function keyOf(address: Address | Endpoint): string {
  return address.path ?? String(address.port);
}

function failure(code: string, text: string, operation: 'accept' | 'connect'): NetworkError {
  return new NetworkError(code, text, { operation });
}
