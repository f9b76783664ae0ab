import { type SchedulerLike, asapScheduler } from 'rxjs';
import { NetworkError } from '../base/errors.ts';
import { having, integer, table } from '../base/options.ts';
import { ByteQueue } from '../bytes/byte-queue.ts';
import { type Address, type Endpoint, formatAddress } from './address.ts';
import type { DatagramHandler, DatagramRequest, DatagramSocket, DatagramTransport } from './datagram.ts';
import { inetOf, isKnownHost } from './memory-hosts.ts';
import { MemoryDatagrams } from './memory-datagrams.ts';
import { straightCarrier } from './memory-carrier.ts';
import type {
  ConnectHandler,
  ConnectRequest,
  Connecting,
  ListenHandler,
  ListenRequest,
  Listening,
  Transport,
  Wire,
  WireHandler,
} from './wire.ts';

/** Options of a {@link MemoryNetwork}. */
export interface MemoryNetworkOptions {
  /**
   * When bytes and events arrive: each is one piece of work on this scheduler.
   * @default asapScheduler
   */
  readonly scheduler?: SchedulerLike;
  /**
   * Bytes that the network holds per direction of a stream, as the buffers of two sockets would. Also bytes of
   * datagrams on their way to one receiver, unless it asks for a `receiveBuffer` of its own: what exceeds them is lost,
   * as in a kernel whose buffer is full. 1 to 2^30.
   * @default 65536
   */
  readonly capacity?: number;
  /**
   * Longest read, in bytes. 1 to 2^30.
   * @default 65536
   */
  readonly readSize?: number;
}

const checkOptions = table<MemoryNetworkOptions>({
  scheduler: having<SchedulerLike>('schedule', 'an RxJS scheduler', asapScheduler),
  capacity: integer({ min: 1, max: 2 ** 30, fallback: 64 * 1024 }),
  readSize: integer({ min: 1, max: 2 ** 30, fallback: 64 * 1024 }),
});

/**
 * A network inside the process: components that are given it as `transport` talk to each other without a socket,
 * with the same events in the same order, back-pressure, half-close and reset included.
 *
 * Hosts are IP addresses of any kind and `localhost`; other names are unknown (`ENOTFOUND`). Every network has its
 * own ports, those of datagrams apart from those of streams.
 *
 * Every IP address belongs to somebody here: a datagram socket that is bound to any address is reached at each of them.
 * Multicast and broadcast work, each socket being a machine of its own: `loop` decides whether a sender that is a
 * member gets its own datagrams, `ttl` 0 keeps them from everybody else. Interfaces make no difference.
 *
 * @example
 * const transport = new MemoryNetwork();
 * const server = new TcpServer({ transport, port: 5555 });
 * const agent = new TcpAgent({ transport });
 */
export class MemoryNetwork implements Transport, DatagramTransport {
  private readonly settings: Required<MemoryNetworkOptions>;
  private readonly listeners = new Map<string, MemoryListener>();
  private readonly datagrams: MemoryDatagrams;
  private picked = 0;

  /** @throws OptionError (`ERR_OPTION`) for an illegal option. */
  constructor(options: MemoryNetworkOptions = {}) {
    this.settings = checkOptions(options);
    const { scheduler, capacity } = this.settings;
    this.datagrams = new MemoryDatagrams(scheduler, straightCarrier(scheduler, capacity));
  }

  listen(request: ListenRequest, handler: ListenHandler): Listening {
    const { scheduler } = this.settings;
    const bound = this.placeOf(request.endpoint);
    const key = bound.path ?? String(bound.port);
    const listener = new MemoryListener(request.maxConnections, handler);
    const taken = this.listeners.has(key);
    if (!taken) this.listeners.set(key, listener);
    const starting = scheduler.schedule(() => {
      if (!taken) handler.listening(bound);
      else
        handler.failed(
          new NetworkError('EADDRINUSE', `${formatAddress(bound)} is in use`, { operation: 'accept' }),
        );
    });
    return {
      close: () => {
        starting.unsubscribe();
        if (this.listeners.get(key) === listener) this.listeners.delete(key);
      },
    };
  }

  connect(request: ConnectRequest, handler: ConnectHandler): Connecting {
    const connecting = this.settings.scheduler.schedule(() => {
      const { endpoint } = request;
      const listener = this.listeners.get(endpoint.path ?? String(endpoint.port));
      if (endpoint.host !== undefined && !isKnownHost(endpoint.host)) {
        handler.failed(
          new NetworkError('ENOTFOUND', `${endpoint.host} is unknown`, { operation: 'connect' }),
        );
      } else if (listener === undefined) {
        const error = new NetworkError('ECONNREFUSED', `nobody listens at ${formatAddress(endpoint)}`, {
          operation: 'connect',
        });
        handler.failed(error);
      } else {
        this.join(request, listener, handler);
      }
    });
    return { abort: () => connecting.unsubscribe() };
  }

  bind(request: DatagramRequest, handler: DatagramHandler): DatagramSocket {
    return this.datagrams.bind(request, handler);
  }

  private join(request: ConnectRequest, listener: MemoryListener, handler: ConnectHandler): void {
    const { endpoint, localAddress, localPort } = request;
    const near: Address =
      endpoint.path === undefined
        ? inetOf(localAddress ?? '127.0.0.1', localPort === 0 ? this.pickPort() : localPort)
        : { family: 'unix', path: '' };
    const far: Address =
      endpoint.path === undefined
        ? inetOf(endpoint.host ?? '127.0.0.1', endpoint.port)
        : { family: 'unix', path: endpoint.path };
    const [client, server] = memoryPair(this.settings, near, far);
    // As with a socket, connecting succeeds even if the listener then turns the peer away.
    handler.connected(client);
    listener.take(server);
  }

  /** The next of the ports that are nobody's own (RFC 6335 section 6), round and round. */
  private pickPort(): number {
    let port: number;
    do {
      port = FIRST_PORT + (this.picked++ % (65_536 - FIRST_PORT));
    } while (this.listeners.has(String(port)) && this.listeners.size < 65_536 - FIRST_PORT);
    return port;
  }

  private placeOf(endpoint: Endpoint): Address {
    if (endpoint.path !== undefined) return { family: 'unix', path: endpoint.path };
    const port = endpoint.port === 0 ? this.pickPort() : endpoint.port;
    return inetOf(endpoint.host ?? '0.0.0.0', port);
  }
}

const FIRST_PORT = 49_152;

class MemoryListener {
  private readonly maxConnections: number;
  private readonly handler: ListenHandler;
  private connections = 0;

  constructor(maxConnections: number, handler: ListenHandler) {
    this.maxConnections = maxConnections;
    this.handler = handler;
  }

  take(wire: MemoryWire): void {
    if (this.connections >= this.maxConnections) {
      this.handler.turnedAway(wire.remote);
      wire.destroy();
      return;
    }
    this.connections++;
    wire.whenClosed = () => this.connections--;
    this.handler.accepted(wire);
  }
}

/** Two wires, joined: what one writes the other receives. */
export function memoryPair(
  settings: Required<MemoryNetworkOptions>,
  near: Address,
  far: Address,
): readonly [MemoryWire, MemoryWire] {
  const there = new MemoryPipe(settings.capacity);
  const back = new MemoryPipe(settings.capacity);
  const first = new MemoryWire(settings, near, far, there, back);
  const second = new MemoryWire(settings, far, near, back, there);
  first.peer = second;
  second.peer = first;
  return [first, second];
}

/** One direction: what the network holds, and what the writer could not hand over yet. */
class MemoryPipe {
  readonly held = new ByteQueue();
  readonly unsent = new ByteQueue();
  private readonly capacity: number;
  /** The writer has sent FIN. */
  ended = false;
  /** The reader has seen it. */
  endSeen = false;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Moves bytes on as far as there is room; true when some of the writer's were taken. */
  move(): boolean {
    let moved = false;
    while (this.held.length < this.capacity) {
      const bytes = this.unsent.take(this.capacity - this.held.length);
      if (bytes === undefined) break;
      this.held.push(bytes);
      moved = true;
    }
    return moved;
  }

  clear(): void {
    this.held.clear();
    this.unsent.clear();
  }
}

/** One end of a connection inside the process. */
export class MemoryWire implements Wire {
  readonly local: Address;
  readonly remote: Address;
  /** @internal */
  peer: MemoryWire | undefined;
  /** @internal */
  whenClosed: (() => void) | undefined;

  private readonly settings: Required<MemoryNetworkOptions>;
  private readonly outgoing: MemoryPipe;
  private readonly incoming: MemoryPipe;
  private handler: WireHandler | undefined;
  private reading = false;
  private readScheduled = false;
  private closing = false;
  private failure: NetworkError | undefined;

  constructor(
    settings: Required<MemoryNetworkOptions>,
    local: Address,
    remote: Address,
    outgoing: MemoryPipe,
    incoming: MemoryPipe,
  ) {
    this.settings = settings;
    this.local = local;
    this.remote = remote;
    this.outgoing = outgoing;
    this.incoming = incoming;
  }

  get unsent(): number {
    return this.closing ? Infinity : this.outgoing.unsent.length;
  }

  attach(handler: WireHandler): void {
    this.handler = handler;
  }

  resume(): void {
    this.reading = true;
    this.wake();
  }

  pause(): void {
    this.reading = false;
  }

  unread(rest: Uint8Array): void {
    this.incoming.held.unshift(rest);
  }

  write(bytes: Uint8Array): void {
    if (this.closing) return;
    if (this.peer === undefined) {
      this.fail(new NetworkError('EPIPE', 'the peer has closed', { operation: 'send' }));
      return;
    }
    // The network keeps a copy, as the kernel would; the caller may reuse the memory.
    this.outgoing.unsent.push(Uint8Array.prototype.slice.call(bytes));
    this.outgoing.move();
    this.peer.wake();
  }

  writev(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.write(piece);
  }

  end(): void {
    this.outgoing.ended = true;
    this.peer?.wake();
    this.settings.scheduler.schedule(() => this.closeIfOver());
  }

  reset(): void {
    if (this.closing) return;
    const { peer } = this;
    this.leave();
    peer?.wasReset();
  }

  destroy(): void {
    if (this.closing) return;
    const { peer } = this;
    const unread = this.incoming.held.length + this.incoming.unsent.length > 0;
    this.leave();
    if (unread) {
      peer?.wasReset();
    } else {
      this.outgoing.unsent.clear();
      this.outgoing.ended = true;
      peer?.wake();
    }
  }

  private wasReset(): void {
    this.outgoing.held.clear();
    this.incoming.clear();
    this.fail(new NetworkError('ECONNRESET', 'the peer has reset the connection', { operation: 'receive' }));
  }

  private fail(error: NetworkError): void {
    this.failure = error;
    this.leave();
  }

  /** This end is over: the other end is on its own, and the handler is told. */
  private leave(): void {
    if (this.closing) return;
    this.closing = true;
    this.reading = false;
    if (this.peer !== undefined) this.peer.peer = undefined;
    this.peer = undefined;
    this.settings.scheduler.schedule(() => {
      const { handler } = this;
      this.handler = undefined;
      this.whenClosed?.();
      handler?.wireClosed(this.failure);
    });
  }

  private wake(): void {
    if (!this.reading || this.readScheduled || this.closing) return;
    this.readScheduled = true;
    this.settings.scheduler.schedule(() => {
      this.readScheduled = false;
      this.read();
    });
  }

  private read(): void {
    if (!this.reading || this.closing) return;
    const { incoming } = this;
    const bytes = incoming.held.take(this.settings.readSize);
    if (bytes !== undefined) {
      if (incoming.move()) this.peer?.bytesTaken();
      this.wake();
      this.handler?.wireReceived(bytes);
    } else if (incoming.ended && !incoming.endSeen) {
      incoming.endSeen = true;
      this.handler?.wireEnded();
      this.closeIfOver();
    }
  }

  private bytesTaken(): void {
    this.settings.scheduler.schedule(() => {
      if (this.closing) return;
      this.handler?.wireWritten();
      this.closeIfOver();
    });
  }

  /** The end is over when it has seen the peer's FIN and its own has left; what it sent is still on its way. */
  private closeIfOver(): void {
    if (!this.incoming.endSeen || !this.outgoing.ended || this.outgoing.unsent.length > 0) return;
    const { peer } = this;
    this.leave();
    peer?.wake();
  }
}
